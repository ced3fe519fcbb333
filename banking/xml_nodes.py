"""XML from outside as plain nested words: no entities, no DTD, no network, no bottom too deep.

A node is a ``str`` (an element without elements in it) or a ``Branch`` (child names without
their namespaces, each with its nodes in order). Comments and processing instructions are gone;
an amount's currency stands in its branch as ``@Ccy`` beside the amount as ``#``.
"""

import io
from collections.abc import Iterator
from typing import TypeAlias, Union

from lxml import etree

Node: TypeAlias = Union[str, "Branch"]
Branch: TypeAlias = dict[str, list["Node"]]

_DEEPEST = 40
"""camt.053.001.13 is fourteen deep at its deepest."""


class BrokenXmlError(Exception):
    """The bytes are no well-formed XML; the message names the line and nothing of the text."""


class ForbiddenXmlError(Exception):
    """The document brings a DTD, entities, or more depth than a statement has."""


_names: dict[str, str] = {}


def local_name(tag: str) -> str:
    """A tag without its namespace. Remembered, for a document has a hundred names at most."""
    if type(tag) is not str:
        raise ForbiddenXmlError
    if len(_names) > 4096:
        _names.clear()
    name = _names[tag] = tag.rpartition("}")[2]
    return name


def node_of(element: etree._Element, depth: int = 0) -> Node:
    """The element as a node.

    Raises ``ForbiddenXmlError`` where it nests deeper than any statement.
    """
    if len(element) == 0:
        return _leaf(element)
    if depth > _DEEPEST:
        raise ForbiddenXmlError
    branch: Branch = {}
    for child in element:
        tag = child.tag
        name = _names.get(tag) or local_name(tag)
        if len(child):
            node = node_of(child, depth + 1)
        else:
            node = _leaf(child) if name == "Amt" else child.text or ""
        if name in branch:
            branch[name].append(node)
        else:
            branch[name] = [node]
    return branch


def _leaf(element: etree._Element) -> Node:
    text = element.text or ""
    currency = element.get("Ccy")
    return text if currency is None else {"#": [text], "@Ccy": [currency]}


def nodes(node: Node | None, name: str) -> list[Node]:
    """All children of that name."""
    return node.get(name, []) if type(node) is dict else []


def first(node: Node | None, *path: str) -> Node | None:
    """The node at the end of the path, always taking the first child of a name."""
    for name in path:
        if type(node) is not dict:
            return None
        found = node.get(name)
        if not found:
            return None
        node = found[0]
    return node


def words(node: Node | None, *path: str) -> str:
    """The text at the end of the path, its white space made single blanks; "" where none is."""
    for name in path:
        if type(node) is not dict:
            return ""
        found = node.get(name)
        if not found:
            return ""
        node = found[0]
    if type(node) is dict:
        node = node.get("#", [""])[0]
    return " ".join(node.split()) if type(node) is str else ""


def walk(
    raw: bytes, *, starts: tuple[str, ...], ends: tuple[str, ...]
) -> Iterator[tuple[str, str, etree._Element]]:
    """Every start of an element named in ``starts`` and every end of one in ``ends``.

    Yields (event, local name, element) while reading, so that whoever looks may clear what is
    done with and a long file needs the memory of one entry.

    Raises ``BrokenXmlError`` or ``ForbiddenXmlError``; what was yielded before is then worth nothing.
    """
    walker = etree.iterparse(
        io.BytesIO(raw),
        events=("start", "end"),
        tag=tuple(f"{{*}}{name}" for name in {*starts, *ends}),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    asked = False
    try:
        for event, element in walker:
            if not asked:
                asked = True
                _no_dtd(element)
            name = local_name(element.tag)
            if name in (starts if event == "start" else ends):
                yield event, name, element
    except etree.XMLSyntaxError as broken:
        raise BrokenXmlError(str((broken.position or (0,))[0])) from None


def _no_dtd(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise ForbiddenXmlError
