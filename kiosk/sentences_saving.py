"""Sentences about key files, backups and restores."""

import enum
from collections.abc import Mapping

from accounts.backup_file import BackupFault
from accounts.restoring import RestoreRefusal
from accounts.texts import mark

SENTENCES: Mapping[enum.Enum, str] = {
    BackupFault.NO_BACKUP: mark("{file} is no backup of Mensakasse, or one of a newer version."),
    BackupFault.WRONG_KEY: mark(
        "{file} was sealed with another key. Without just that key nobody can open it."
    ),
    BackupFault.DAMAGED: mark("{file} is damaged. Nothing of it was used; take another backup."),
    BackupFault.CUT_SHORT: mark(
        "{file} ends too early or is damaged at its end. Nothing of it was used; "
        "take another backup."
    ),
    BackupFault.BAD_KEY_FILE: mark("{key} is no key file. To make one: mensa db key FILE"),
    RestoreRefusal.NOT_EMPTY: mark(
        "{place} holds something already (a file beside it ending in -wal counts too). Nothing is "
        "ever restored over it: name an empty place by --into, or move it away yourself."
    ),
    RestoreRefusal.OTHER_ENGINE: mark(
        "The backup is of {engine}, {place} is not. Restore it there first; mensa db move carries "
        "it on."
    ),
    RestoreRefusal.BROKEN: mark(
        "What is in this backup does not prove itself, so it is not let serve. Take an older one."
    ),
    RestoreRefusal.OTHER_HEADER: mark(
        "What is in this backup is not what its header says, so it is not let serve."
    ),
    RestoreRefusal.NO_SUCH_SEAL: mark(
        "The seal {seal} is not in this backup: it is older than the seal, or of another history. "
        "Nothing was restored."
    ),
}
TAKEN = mark("{file} is there already and is left alone. Choose another name.")
UNREADABLE = mark("{file}: {why}")
MISSING = mark(
    "This machine lacks {program} {version} or newer. To install it: "
    "apt-get install postgresql-client-{version}"
)
KEY_MADE = mark(
    "The key {key} is in {file}. Keep a copy of the file away from this machine and away from the "
    "backups: without it no backup can be opened, and with it everybody can."
)
KEPT = mark("{file}: {entries} entries, as of {at}, seal {seal}")
WHOLE = mark("{file} is whole: {entries} entries, as of {at}, seal {seal}")
RESTORED = mark(
    "The ledger of {at} serves again: {entries} entries, seal {seal}. It proved itself.\n"
    "The kiosks bring again what they still keep (35 days); watch until none has any waiting.\n"
    "What the office did after {at} is not in it and has to be done again: payments and "
    "corrections, new and blocked cards, kiosks and users revoked since."
)
ROLES = mark(
    "Roles and passwords are no part of a backup. The ledger's own roles were made again; "
    "a kiosk whose login is gone is enrolled anew (mensa kiosk-device)."
)
HINTS = mark("Somebody with more rights in PostgreSQL still has to run:")
