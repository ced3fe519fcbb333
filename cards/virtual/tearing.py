"""What a card keeps that loses its power in the midst of a command.

Only the content of a DESFire's plain file is left half done here, which is the worst that may be
expected of one. A key, an application or a new file is there whole or not at all.
"""

from dataclasses import replace

from cards.virtual.image import DESFIRES, File, Image


def half_written(before: Image, after: Image) -> Image:
    """Return what is left where the field ends in the middle of what led from one to the other.

    A file of plain data on a DESFire has then its first new bytes and its last old ones. All
    else is done whole or not at all: keys, applications, files made anew, and a file of an
    NTAG 424 up to 128 bytes a frame (NT4H2421Gx, section 8.2.3.1); here, not at all.
    """
    if before.kind not in DESFIRES:
        return before
    torn = before
    for old in before.applications:
        new = after.application(old.name)
        if new is not None and len(new.files) == len(old.files):
            pairs = zip(old.files, new.files, strict=True)
            torn = torn.keeping(replace(old, files=tuple(_torn(was, is_) for was, is_ in pairs)))
    return torn


def _torn(was: File, is_: File) -> File:
    if was.number != is_.number or len(was.content) != len(is_.content):
        return was
    changed = [at for at, byte in enumerate(is_.content) if byte != was.content[at]]
    middle = changed[len(changed) // 2] if changed else 0
    return replace(was, content=is_.content[:middle] + was.content[middle:])
