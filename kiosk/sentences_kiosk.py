"""Sentences for whoever makes a machine a kiosk: why it did not become one, and what to do."""

import enum
from collections.abc import Mapping

from accounts.enrolment import EnrolmentRefusal
from accounts.enrolment_file import FileFault
from accounts.texts import mark
from cards.school_key import SchoolKeyFault
from kiosk.enrolled import EnrolFault
from kiosk.school_keys import TakingFault

ENROLLING: Mapping[enum.Enum, str] = {
    FileFault.NONE_OF_OURS: mark(
        "This is no enrolment file. The office writes one: mensa kiosk-device add NAME "
        "--school NNNNNN"
    ),
    FileFault.NEWER: mark(
        "The file was written by a newer version. Bring the software of this machine up to date."
    ),
    FileFault.DAMAGED: mark(
        "The file is damaged. Copy it once more, or have the office write a new one: "
        "mensa kiosk-device renew NAME"
    ),
    FileFault.OLD: mark(
        "The file is too old. Have the office write a new one: mensa kiosk-device renew NAME"
    ),
    FileFault.EMPTIED: mark(
        "The file is empty: it has enrolled a kiosk already. For another machine the office "
        "writes a new one: mensa kiosk-device renew NAME"
    ),
    EnrolFault.OTHER_KIOSK: mark(
        "This machine is a kiosk already, by {settings}. To make it another one, bring what it "
        "served to the ledger, then take away its settings and its state."
    ),
    EnrolFault.DEMO: mark("The demo is running on this machine. End it, then enrol."),
    EnrolFault.USED: mark(
        "The ledger does not take the password in this file any more: it was used, or a newer "
        "file was written. Have the office write a new one: mensa kiosk-device renew NAME"
    ),
    EnrolFault.REVOKED: mark(
        "The ledger does not know this kiosk, or it is revoked. The office enrols another one: "
        "mensa kiosk-device add NAME --school NNNNNN"
    ),
}

TAKING: Mapping[enum.Enum, str] = {
    SchoolKeyFault.NONE_OF_OURS: mark(
        "{path} is no school's card key. The issuing station writes one: mensa card keys "
        "export-school --school NNNNNN FILE"
    ),
    SchoolKeyFault.NEWER: mark(
        "{path} was written by a newer version. Bring the software of this machine up to date."
    ),
    SchoolKeyFault.DAMAGED: mark(
        "{path} is damaged. Copy it once more, or have the issuing station write it again."
    ),
    SchoolKeyFault.EMPTIED: mark(
        "{path} is empty: a kiosk has taken the key already. The issuing station writes it again: "
        "mensa card keys export-school --school NNNNNN FILE"
    ),
    TakingFault.OTHER_SCHOOL: mark("{path} is the card key of another school."),
}

MAKING: Mapping[enum.Enum, str] = {
    EnrolmentRefusal.NO_ROLES: mark(
        "This ledger has no roles for kiosks yet. Its owner makes them: mensa db upgrade"
    ),
    EnrolmentRefusal.MAY_NOT: mark(
        "The ledger's owner may not make roles. An administrator of the server has to allow it: "
        "ALTER ROLE owner CREATEROLE"
    ),
    EnrolmentRefusal.NO_KIOSK: mark("The kiosk {name} is revoked. Enrol another one in its place."),
}
