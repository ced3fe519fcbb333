"""Who stands on the other side of a camt line, and what he wrote.

Both forms of a name are read: ``Dbtr/Nm`` (to v07) and ``Dbtr/Pty/Nm`` (since v08). Of a return
banks give the parties as the returned payment had them, or turned round: the other side is
whoever is not this account.
"""

from banking.lines import LineText
from banking.proof import bare_account, given
from banking.xml_nodes import Node, first, nodes, words

_SIDES = {True: ("Dbtr", "Cdtr"), False: ("Cdtr", "Dbtr")}


def line_text(
    entry: Node, details: Node | None, *, credit: bool, returned: bool, own: str
) -> LineText:
    """The words of one line. ``own`` is this account's number; ``details`` its ``TxDtls``."""
    name, iban, bic = _other_side(details, credit=credit, returned=returned, own=own)
    remittance = first(details, "RmtInf")
    structured = nodes(remittance, "Strd")
    refs = first(details, "Refs")
    return LineText(
        name=name,
        iban=iban,
        bic=bic,
        purpose=joined(
            [_raw(node) for node in nodes(remittance, "Ustrd")]
            + [_raw(node) for part in structured for node in nodes(part, "AddtlRmtInf")]
        ),
        end_to_end=given(words(refs, "EndToEndId")),
        mandate=given(words(refs, "MndtId")),
        structured=" ".join(
            filter(None, (words(part, "CdtrRefInf", "Ref") for part in structured))
        ),
        additional="; ".join(_additional(entry, details)),
    )


def joined(pieces: list[str]) -> str:
    """Pieces of a text with a line feed at each joint that may be a blank or nothing."""
    parts: list[str] = []
    for raw in pieces:
        piece = raw.translate(_BLANKS)
        if not piece.strip():
            continue
        if not parts:
            parts.append(piece.lstrip())
        elif parts[-1].endswith(" ") or piece.startswith(" "):
            parts[-1] = parts[-1].rstrip()
            parts += [" ", piece.lstrip()]
        else:
            parts += ["\n", piece]
    return "".join(parts).rstrip()


_BLANKS = str.maketrans("\n\r\t\f\v\x85\u2028\u2029\u00a0", "         ")


def _raw(node: Node) -> str:
    # A pretty-printed Ustrd has line breaks round its words, none of them the payer's.
    return node.strip("\r\n\t") if type(node) is str else ""


def _additional(entry: Node, details: Node | None) -> list[str]:
    parties = first(details, "RltdPties")
    said = [
        words(entry, "AddtlNtryInf"),
        words(details, "AddtlTxInf"),
        _name(first(parties, "UltmtDbtr")),
        _name(first(parties, "UltmtCdtr")),
    ]
    return list(dict.fromkeys(filter(None, said)))


def _other_side(
    details: Node | None, *, credit: bool, returned: bool, own: str
) -> tuple[str, str, str]:
    near_side, far_side = _SIDES[credit != returned]
    near = _side(details, near_side)
    turned = bool(near[1]) and near[1] == own
    if not turned and (near[1] or not returned):
        return near
    far = _side(details, far_side)
    if far[1] and far[1] == own:
        return ("", "", "") if turned else near
    return far if turned or far[1] else near


def _side(details: Node | None, side: str) -> tuple[str, str, str]:
    parties = first(details, "RltdPties")
    account = first(parties, f"{side}Acct", "Id")
    agent = first(details, "RltdAgts", f"{side}Agt", "FinInstnId")
    return (
        _name(first(parties, side)),
        bare_account(words(account, "IBAN") or words(account, "Othr", "Id")),
        bare_account(words(agent, "BICFI") or words(agent, "BIC")),
    )


def _name(party: Node | None) -> str:
    return (
        words(party, "Nm") or words(party, "Pty", "Nm") or words(party, "Agt", "FinInstnId", "Nm")
    )
