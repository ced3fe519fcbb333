"""The conditions of a machine, one function each, worded so that meeting one is good.

A condition knows nothing of roles: `kiosk.doctor` says which role cannot do without it.
"""

import importlib.util
import sqlite3
import sys
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cards.reader import TroubleReason, is_virtual
from kiosk.machine import Finding, Machine
from kiosk.vault import CREDENTIAL

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 38)
"""STRICT tables came with 3.37, the JSON operators with 3.38."""


def python(_: Machine) -> Finding:
    """The interpreter that runs this."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python 3.11 or newer",
        version if sys.version_info >= OLDEST_PYTHON else None,
        "everything",
        "Debian 12 or newer",
    )


def sqlite(_: Machine) -> Finding:
    """The SQLite that Python brings."""
    return Finding(
        "SQLite 3.38 or newer",
        sqlite3.sqlite_version if sqlite3.sqlite_version_info >= OLDEST_SQLITE else None,
        "a ledger without a server, and the kiosk's journal",
        "Debian 12 or newer",
    )


def time_zone(_: Machine) -> Finding:
    """Zone data, the system's or tzdata's."""
    try:
        found = ZoneInfo("Europe/Berlin").key
    except ZoneInfoNotFoundError:
        found = None
    return Finding("time zone data", found, "which day a meal is of", "apt install tzdata")


def reader_service(machine: Machine) -> Finding:
    """Program and library of PC/SC; whether it answers is `card_reader`'s."""
    service = machine.first("usr/sbin/pcscd")
    library = machine.first("usr/lib/*/libpcsclite.so.1", "usr/lib*/libpcsclite.so.1")
    return Finding(
        "reader service pcscd",
        service if library else None,
        "card readers (Kartenleser)",
        "apt install pcscd libpcsclite1",
    )


def card_reader(machine: Machine) -> Finding:
    """A reader, no virtual one, that pcscd lists to this user."""
    seen = machine.readers()
    remedy = "plug a reader in; try another cable or a powered hub"
    if isinstance(seen, TroubleReason):
        remedy = _TROUBLES.get(seen, remedy)
        seen = []
    real = [name for name in seen if not is_virtual(name)]
    return Finding("a card reader", ", ".join(real) or None, "taps with a card", remedy)


_TROUBLES = {
    TroubleReason.NO_SERVICE: "pcscd does not answer: systemctl enable --now pcscd.socket",
    TroubleReason.DENIED: "polkit refuses this user: install the polkit rule from deploy/",
    TroubleReason.HUNG: "pcscd hangs: unplug the reader, then systemctl restart pcscd",
    TroubleReason.CRASHED: "listing the readers crashed: reinstall libpcsclite1, then restart pcscd",
}


def no_virtual_reader(machine: Machine) -> Finding:
    """The virtual reader's driver is out of the system's pcscd."""
    driver = "usr/lib/pcsc/drivers/serial/libifdvpcd.so*"
    installed = machine.first("etc/reader.conf.d/*vpcd*", driver)
    return Finding(
        "no virtual reader in the system's pcscd",
        None if installed else "none",
        "safety: its driver lets the network lay cards on this machine (TCP 35963)",
        "apt purge vsmartcard-vpcd; demo and tests want it unpacked, never installed",
    )


def polkit_rule(machine: Machine) -> Finding:
    """A rule that admits the kiosk's user, where pcscd asks polkit (Debian 13 does)."""
    rules = machine.paths("etc/polkit-1/rules.d/*")
    naming = [rule for rule in rules if "pcsc-lite" in machine.text(rule)]
    asks = machine.first("usr/share/polkit-1/actions/*pcsc*")
    return Finding(
        "polkit rule for the readers",
        (", ".join(naming) or None) if asks else "not needed by this pcscd",
        "the kiosk's user never sits at the console, so polkit refuses it the readers",
        "copy the polkit rule from deploy/; only root can see whether it is there",
    )


def reader_is_free(machine: Machine) -> Finding:
    """No kernel module holds a reader that pcscd should have."""
    loaded = {line.split(" ", 1)[0] for line in machine.text("/proc/modules").splitlines()}
    return Finding(
        "kernel leaves the reader alone",
        None if "pn533_usb" in loaded else "pn533_usb is not loaded",
        "readers like the ACR122U, which that module takes for itself",
        "copy the modprobe file from deploy/, then modprobe -r pn533_usb",
    )


def durable_disk(machine: Machine) -> Finding:
    """The place of ledger and journal is on a file system that outlives a power cut."""
    place = machine.environ.get("STATE_DIRECTORY", "/var/lib").split(":", 1)[0]
    mounts = [line.split() for line in machine.text("/proc/mounts").splitlines()]
    below = [row for row in mounts if len(row) > 3 and Path(place).is_relative_to(row[1])]
    found = None
    if below:
        _, point, kind, options, *_rest = max(below, key=lambda row: len(row[1]))
        lossy = {"nobarrier", "barrier=0"} & {*options.split(",")}
        found = None if lossy or kind in _FORGETFUL else f"{kind} at {point}"
    return Finding(
        f"a lasting disk for {place}",
        found,
        "what was acknowledged survives a power cut",
        "put it on a disk of its own kind, mounted without nobarrier",
    )


_FORGETFUL = {"tmpfs", "ramfs", "overlay"}


def key_of_the_disk(machine: Machine) -> Finding:
    """Where the key comes from that opens what lies on the disk; never from the disk itself."""
    given = machine.environ.get("CREDENTIALS_DIRECTORY")
    passed = machine.first(f"{given}/{CREDENTIAL}") if given else None
    sealed = machine.first(f"etc/credstore.encrypted/{CREDENTIAL}")
    in_clear = machine.first(f"etc/credstore/{CREDENTIAL}")
    source = "a systemd credential" if sealed or passed else "a passphrase at every start"
    return Finding(
        "key of what lies on the disk",
        None if in_clear else source,
        "a stolen kiosk's disk stays closed",
        "a credential lies in clear in /etc/credstore: systemd-creds encrypt it, then remove it",
    )


def tpm(machine: Machine) -> Finding:
    """A chip that can seal that key to this machine."""
    version = machine.text("/sys/class/tpm/tpm0/tpm_version_major").strip()
    return Finding(
        "TPM",
        f"TPM {version}" if version else None,
        "a key that opens on this machine only",
        "switch it on in the firmware; without one the passphrase protects more than a credential",
    )


def clock(machine: Machine) -> Finding:
    """Something sets the clock."""
    return Finding(
        "clock set from the network",
        machine.first("run/systemd/timesync/synchronized", "run/chrony/chronyd.pid"),
        "the time and the day of a meal",
        "apt install systemd-timesyncd",
    )


def console_font(machine: Machine) -> Finding:
    """A console font with the letters of every name; measured from Debian's fonts."""
    setup = machine.text("/etc/default/console-setup").replace('"', "")
    good = "CODESET=Uni2" in setup and "FONTFACE=TerminusBold" in setup
    return Finding(
        "console font",
        "Uni2-TerminusBold" if good else None,
        "letters of Slavic and Hungarian names, readable from afar",
        "in /etc/default/console-setup: CODESET=Uni2 FONTFACE=TerminusBold FONTSIZE=32x16",
    )


def sound(machine: Machine) -> Finding:
    """A player and a card to play on."""
    player = machine.program("aplay")
    cards = machine.text("/proc/asound/cards")
    audible = player and cards and "no soundcards" not in cards
    return Finding(
        "sound",
        player if audible else None,
        "the two tones; the screen says the same without them",
        "switch on a sound card" if player else "apt install alsa-utils",
    )


def database_driver(machine: Machine) -> Finding:
    """The driver the database URL asks for."""
    asked = machine.environ.get("MENSA_DATABASE", "").startswith("postgresql")
    here = "psycopg" if importlib.util.find_spec("psycopg") else None
    return Finding(
        "PostgreSQL driver",
        here if here or asked else "not needed: MENSA_DATABASE names no PostgreSQL",
        "a ledger on PostgreSQL",
        "start by ./mensa with MENSA_DATABASE set, or install mensakasse[postgresql]",
    )


def unpacked_virtual_reader(_: Machine) -> Finding:
    """The virtual reader in the private place beside this package."""
    driver = Path(__file__).parents[1] / ".mensa/vpcd/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
    found = str(driver) if driver.exists() else None
    return Finding("virtual reader, unpacked", found, "demo and tests", "./mensa demo fetches it")


def postgresql_programs(machine: Machine) -> Finding:
    """The programs that make and run a cluster."""
    found = machine.program("initdb") or machine.first("usr/lib/postgresql/*/bin/initdb")
    return Finding("PostgreSQL's server programs", found, "tests", "./mensa test asks for them")


def tmux(machine: Machine) -> Finding:
    """A terminal that tests can look at."""
    return Finding("tmux", machine.program("tmux"), "tests", "./mensa test asks for it")
