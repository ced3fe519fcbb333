"""`mensa doctor`: what this machine has, what it lacks, what for, and how to get it.

A finding is required only if the asked role cannot do its work without it; everything else is
advice. The answer is 69 exactly when something required is missing.
"""

import enum
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import TextIO

from kiosk import conditions
from kiosk.machine import Finding, Machine

DONE, MISSING = 0, 69
"""Exit codes; 69 is EX_UNAVAILABLE of sysexits.h."""


class Role(enum.Enum):
    """What a machine is for."""

    KIOSK = "kiosk"
    OFFICE = "office"
    SERVER = "server"


Condition = Callable[[Machine], Finding]

_EVERYWHERE = (conditions.python, conditions.sqlite, conditions.time_zone)
_REQUIRED: Mapping[Role | None, tuple[Condition, ...]] = {
    None: _EVERYWHERE,
    Role.KIOSK: (
        *_EVERYWHERE,
        conditions.reader_service,
        conditions.card_reader,
        conditions.no_virtual_reader,
        conditions.durable_disk,
        conditions.key_of_the_disk,
    ),
    Role.OFFICE: (*_EVERYWHERE, conditions.no_virtual_reader, conditions.database_driver),
    Role.SERVER: (*_EVERYWHERE, conditions.durable_disk, conditions.database_driver),
}
_ADVISED: Mapping[Role | None, tuple[Condition, ...]] = {
    None: (
        conditions.no_virtual_reader,
        conditions.reader_service,
        conditions.unpacked_virtual_reader,
        conditions.postgresql_programs,
        conditions.tmux,
    ),
    Role.KIOSK: (
        conditions.tpm,
        conditions.polkit_rule,
        conditions.reader_is_free,
        conditions.clock,
        conditions.console_font,
        conditions.sound,
    ),
    Role.OFFICE: (conditions.reader_service, conditions.card_reader),
    Role.SERVER: (conditions.no_virtual_reader, conditions.clock),
}


def findings(role: Role | None, machine: Machine) -> list[Finding]:
    """Return what this role needs, then what it is better off with; None: demo and tests."""
    required = [replace(look(machine), required=True) for look in _REQUIRED[role]]
    return required + [look(machine) for look in _ADVISED[role]]


def table(found: list[Finding]) -> str:
    """Return the findings for a person's eye: one line each, the remedy below what is missing."""
    width = max((len(finding.name) for finding in found), default=0)
    return "\n".join(line for finding in found for line in _lines(finding, width))


def main(role: Role | None, as_json: bool, out: TextIO, machine: Machine | None = None) -> int:  # noqa: FBT001  the command's own switch
    """Write the findings to ``out``; return 0, or 69 if the role lacks what it needs."""
    found = findings(role, machine or Machine())
    lacking = [finding.name for finding in found if finding.required and finding.found is None]
    if as_json:
        row = {
            "role": role.value if role else None,
            "complete": not lacking,
            "findings": [asdict(finding) for finding in found],
        }
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        out.write(table(found) + "\n")
        if lacking:
            out.write(f"\nMissing for {role.value if role else 'any work'}: {', '.join(lacking)}\n")
    return MISSING if lacking else DONE


def _lines(finding: Finding, width: int) -> Iterator[str]:
    mark = "ok" if finding.found else "MISSING" if finding.required else "no"
    name = finding.name.ljust(width)
    if finding.found:
        yield f"{mark:<8}{name}  {finding.found}"
    else:
        yield f"{mark:<8}{name}  for: {finding.needed_for}"
        yield f"{'':<8}{'':<{width}}  get: {finding.remedy}"
