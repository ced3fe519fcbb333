"""camt.052 and camt.053, versions 02 to 13, as ISO 20022 and the Deutsche Kreditwirtschaft write them.

Every ``Rpt`` and ``Stmt`` is a statement of its own and stands or falls alone; a document that is
not well-formed, or brings a DTD, falls whole. Names are read whatever their namespace says, so
that a version to come is read as long as its shape holds. Entries are let go as they are read:
a long document needs memory for its lines, not for its tree.
"""

import re

from lxml import etree

from banking.camt_entry import Around, Entry, read_entry
from banking.camt_statement import account_of, fallback_day, statement
from banking.lines import BankStatement, Trouble, Unreadable
from banking.pages import joined_pages
from banking.xml_nodes import (
    Branch,
    BrokenXmlError,
    ForbiddenXmlError,
    Node,
    local_name,
    node_of,
    walk,
)

_STATEMENTS = ("Rpt", "Stmt")
_DOCUMENTS = ("BkToCstmrAcctRpt", "BkToCstmrStmt")
_DTD = re.compile(rb"<!DOCTYPE|<\x00!\x00D\x00O\x00C\x00T\x00Y\x00P\x00E", re.IGNORECASE)
_VERSION = re.compile(r"(camt\.05[23]\.\d{3}\.\d\d)")


def read_camt(raw: bytes) -> tuple[BankStatement | Unreadable, ...]:
    """The statements of a document in its order, numbered from 1.

    Never raises for what is in the bytes: what is wrong is an ``Unreadable``, of the whole
    document (``no`` 0) or of one statement.
    """
    if _DTD.search(raw[:4096]):
        return (Unreadable(Trouble.FORBIDDEN_XML, "DOCTYPE"),)
    reading = _Reading()
    try:
        for event, name, element in walk(
            raw, starts=(*_DOCUMENTS, *_STATEMENTS), ends=("Ntry", *_STATEMENTS)
        ):
            reading.take(event, name, element)
    except ForbiddenXmlError:
        return (Unreadable(Trouble.FORBIDDEN_XML),)
    except BrokenXmlError as broken:
        return (Unreadable(Trouble.BROKEN_XML, str(broken)),)
    if not reading.version:
        return (Unreadable(Trouble.NOT_A_STATEMENT, kind_of_document(raw)),)
    if not reading.read:
        return (Unreadable(Trouble.NOTHING_IN_IT, reading.version),)
    return joined_pages(reading.read)


def kind_of_document(raw: bytes) -> str:
    """Which ISO message the bytes are, such as "camt.054" or "pain.001"; "" where unknown."""
    found = re.search(rb"(camt|pain|pacs|acmt)\.\d{3}", raw[:4096].replace(b"\x00", b""))
    return found[0].decode("ascii") if found else ""


class _Reading:
    """What is known so far of the document that is being read."""

    __slots__ = ("_around", "_before", "_entries", "_open", "_trouble", "read", "version")

    def __init__(self) -> None:
        self.read: list[BankStatement | Unreadable] = []
        self.version = ""
        self._open: etree._Element | None = None
        self._before: etree._Element | None = None
        self._entries: list[Entry] = []
        self._around: Around | None = None
        self._trouble: Unreadable | None = None

    def take(self, event: str, name: str, element: etree._Element) -> None:
        if name in _DOCUMENTS:
            self.version = _version(element, name)
        elif event == "start":
            if self._open is None and self.version:
                self._open = element
                self._entries, self._around, self._trouble = [], None, None
        elif self._open is None:
            return
        elif name == "Ntry":
            if element.getparent() is self._open:
                self._entry(element)
                self._let_go(element)
        elif element is self._open:
            self._close(element)

    def _entry(self, element: etree._Element) -> None:
        if self._around is None:
            head = _head(self._open)
            self._around = Around(0, account_of(head), fallback_day(head))
        number = self._around.number + 1
        self._around = Around(number, self._around.own, self._around.fallback_day)
        if self._trouble is None:
            entry = read_entry(node_of(element), self._around)
            if isinstance(entry, Unreadable):
                self._trouble = entry
            else:
                self._entries.append(entry)

    def _let_go(self, element: etree._Element) -> None:
        # libxml2 may still be writing the text behind this element: only the one before goes.
        element.clear(keep_tail=True)  # type: ignore[call-arg]
        if self._before is not None and self._open is not None:
            self._open.remove(self._before)
        self._before = element

    def _close(self, element: etree._Element) -> None:
        no = len(self.read) + 1
        if self._trouble is not None:
            self.read.append(Unreadable(self._trouble.trouble, self._trouble.detail, no))
        else:
            self.read.append(statement(_head(element), self._entries, version=self.version, no=no))
        self._open = self._before = None
        self._entries = []
        element.clear(keep_tail=True)  # type: ignore[call-arg]


def _head(element: etree._Element | None) -> Node:
    """The statement without its entries."""
    head: Branch = {}
    for child in () if element is None else element:
        name = local_name(child.tag)
        if name != "Ntry":
            head.setdefault(name, []).append(node_of(child))
    return head


def _version(element: etree._Element, name: str) -> str:
    found = _VERSION.search(str(element.tag))
    return (
        found[1] if found else {"BkToCstmrAcctRpt": "camt.052", "BkToCstmrStmt": "camt.053"}[name]
    )
