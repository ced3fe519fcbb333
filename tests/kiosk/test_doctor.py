"""`kiosk.doctor` on machines made of a few files."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cards.reader import TroubleReason
from kiosk import doctor
from kiosk.doctor import Role
from kiosk.machine import Finding, Machine
from kiosk.vault import CREDENTIAL

ROLES = [None, *Role]
Put = Callable[..., None]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """A hand that puts files, empty unless given a text, on the machine."""

    def _put(*paths: str, text: str = "") -> None:
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)

    return _put


@pytest.fixture
def kiosk(tmp_path: Path, put: Put) -> Machine:
    """A machine with all a kiosk cannot do without, and nothing else."""
    put("usr/sbin/pcscd", "usr/lib/x86_64-linux-gnu/libpcsclite.so.1")
    put("proc/mounts", text="/dev/sda1 / ext4 rw,relatime 0 0\n")
    return Machine(tmp_path, {"PATH": str(tmp_path / "bin")}, lambda: ["ACS ACR1252 00 00"])


def with_readers(machine: Machine, seen: list[str] | TroubleReason) -> Machine:
    return Machine(machine.root, machine.environ, lambda: seen)


def with_environment(machine: Machine, **variables: str) -> Machine:
    return Machine(machine.root, {**machine.environ, **variables}, machine.readers)


def finding(role: Role | None, machine: Machine, name: str) -> Finding:
    [found] = [one for one in doctor.findings(role, machine) if one.name.startswith(name)]
    return found


def examine(role: Role | None, machine: Machine) -> tuple[int, str]:
    out = io.StringIO()
    return doctor.main(role, as_json=False, out=out, machine=machine), out.getvalue()


def test_a_machine_with_all_it_needs_is_told_so(kiosk: Machine) -> None:
    status, said = examine(Role.KIOSK, kiosk)
    assert status == 0
    assert "MISSING" not in said


def test_what_is_merely_good_to_have_does_not_fail_the_machine(kiosk: Machine) -> None:
    assert finding(Role.KIOSK, kiosk, "sound").found is None
    assert examine(Role.KIOSK, kiosk)[0] == 0


@pytest.mark.parametrize("gone", ["usr/sbin/pcscd", "usr/lib/x86_64-linux-gnu/libpcsclite.so.1"])
def test_a_kiosk_needs_the_reader_service_and_its_library(kiosk: Machine, gone: str) -> None:
    (kiosk.root / gone).unlink()
    status, said = examine(Role.KIOSK, kiosk)
    assert status == 69
    assert "apt install pcscd" in said
    assert said.endswith("Missing for kiosk: reader service pcscd\n")


def test_a_server_needs_no_reader(kiosk: Machine) -> None:
    (kiosk.root / "usr/sbin/pcscd").unlink()
    assert examine(Role.SERVER, with_readers(kiosk, TroubleReason.NO_SERVICE))[0] == 0


@pytest.mark.parametrize(
    ("trouble", "remedy"),
    [
        (TroubleReason.NO_SERVICE, "pcscd.socket"),
        (TroubleReason.DENIED, "polkit"),
        (TroubleReason.HUNG, "restart pcscd"),
        (TroubleReason.NO_READER, "plug"),
    ],
)
def test_each_trouble_of_the_readers_has_its_own_remedy(
    kiosk: Machine, trouble: TroubleReason, remedy: str
) -> None:
    found = finding(Role.KIOSK, with_readers(kiosk, trouble), "a card reader")
    assert found.found is None
    assert remedy in found.remedy


def test_a_virtual_reader_is_no_reader(kiosk: Machine) -> None:
    assert examine(Role.KIOSK, with_readers(kiosk, ["Virtual PCD 00 00"]))[0] == 69


def test_a_virtual_reader_installed_for_all_is_a_danger_named_with_its_port(
    kiosk: Machine, put: Put
) -> None:
    put("usr/lib/pcsc/drivers/serial/libifdvpcd.so.0.8")
    status, said = examine(Role.KIOSK, kiosk)
    assert status == 69
    assert "35963" in said
    assert "apt purge vsmartcard-vpcd" in said


def test_polkit_is_asked_for_a_rule_only_where_pcscd_asks_polkit(kiosk: Machine, put: Put) -> None:
    name = "polkit rule"
    assert finding(Role.KIOSK, kiosk, name).found == "not needed by this pcscd"
    put("usr/share/polkit-1/actions/org.debian.pcsc-lite.policy")
    put("etc/polkit-1/rules.d/10-other.rules", text="polkit.addRule()")
    assert finding(Role.KIOSK, kiosk, name).found is None
    put("etc/polkit-1/rules.d/50-kiosk.rules", text='"org.debian.pcsc-lite.access_card"')
    assert finding(Role.KIOSK, kiosk, name).found == "/etc/polkit-1/rules.d/50-kiosk.rules"


def test_the_module_that_grabs_readers_is_noticed_among_others(kiosk: Machine, put: Put) -> None:
    put("proc/modules", text="ext4 1 2 - Live 0x0\npn533 1 1 pn533_usb, Live 0x0\n")
    assert finding(Role.KIOSK, kiosk, "kernel").found
    put("proc/modules", text="ext4 1 2 - Live 0x0\npn533_usb 1 0 - Live 0x0\n")
    assert finding(Role.KIOSK, kiosk, "kernel").found is None


@pytest.mark.parametrize(
    ("mount", "status"),
    [
        ("/dev/sdb1 /var/lib/mensa xfs rw", 0),
        ("tmpfs /var/lib/mensa tmpfs rw", 69),
        ("overlay /var/lib overlay rw", 69),
        ("/dev/sdb1 /var/lib/mensa ext4 rw,nobarrier", 69),
        ("tmpfs /var/lib/mensana tmpfs rw", 0),
    ],
)
def test_a_disk_that_forgets_is_no_place_for_a_journal(
    kiosk: Machine, put: Put, mount: str, status: int
) -> None:
    put("proc/mounts", text=f"/dev/sda1 / ext4 rw 0 0\n{mount} 0 0\n")
    assert examine(Role.KIOSK, with_environment(kiosk, STATE_DIRECTORY="/var/lib/mensa"))[0] == (
        status
    )


def test_a_key_in_clear_on_the_same_disk_fails_the_machine(kiosk: Machine, put: Put) -> None:
    name = "key of"
    assert finding(Role.KIOSK, kiosk, name).found == "a passphrase at every start"
    put(f"etc/credstore.encrypted/{CREDENTIAL}")
    assert finding(Role.KIOSK, kiosk, name).found == "a systemd credential"
    put(f"etc/credstore/{CREDENTIAL}")
    assert finding(Role.KIOSK, kiosk, name).found is None
    assert examine(Role.KIOSK, kiosk)[0] == 69


def test_a_credential_passed_by_systemd_is_seen_by_the_service(kiosk: Machine, put: Put) -> None:
    put(f"run/credentials/mensa/{CREDENTIAL}")
    service = with_environment(kiosk, CREDENTIALS_DIRECTORY="/run/credentials/mensa")
    assert finding(Role.KIOSK, service, "key of").found == "a systemd credential"


def test_the_chip_the_clock_and_the_font_are_seen(kiosk: Machine, put: Put) -> None:
    put("sys/class/tpm/tpm0/tpm_version_major", text="2\n")
    put("run/systemd/timesync/synchronized")
    put("etc/default/console-setup", text='CODESET="Uni2"\nFONTFACE="TerminusBold"\n')
    assert finding(Role.KIOSK, kiosk, "TPM").found == "TPM 2"
    assert finding(Role.KIOSK, kiosk, "clock").found
    assert finding(Role.KIOSK, kiosk, "console font").found


def test_sound_needs_a_player_and_a_card(kiosk: Machine, put: Put) -> None:
    put("bin/aplay", text="#!/bin/sh\n")
    (kiosk.root / "bin/aplay").chmod(0o755)
    put("proc/asound/cards", text="--- no soundcards ---\n")
    assert finding(Role.KIOSK, kiosk, "sound").found is None
    put("proc/asound/cards", text=" 0 [PCH]: HDA-Intel - HDA Intel PCH\n")
    assert finding(Role.KIOSK, kiosk, "sound").found


@pytest.mark.parametrize("role", ROLES)
def test_every_finding_says_what_for_and_how_to_get_it(role: Role | None, tmp_path: Path) -> None:
    bare = Machine(tmp_path, {}, lambda: TroubleReason.NO_SERVICE)
    found = doctor.findings(role, bare)
    assert len({one.name for one in found}) == len(found)
    for one in found:
        assert one.needed_for
        assert one.remedy


@pytest.mark.parametrize("role", ROLES)
def test_as_json_the_same_is_one_object(role: Role | None, kiosk: Machine) -> None:
    out = io.StringIO()
    status = doctor.main(role, as_json=True, out=out, machine=kiosk)
    told = json.loads(out.getvalue())
    assert told["complete"] is (status == 0)
    assert told["role"] == (role.value if role else None)
    names = [one.name for one in doctor.findings(role, kiosk)]
    assert [one["name"] for one in told["findings"]] == names


def test_this_very_machine_can_be_examined() -> None:
    status, said = examine(None, Machine())
    assert status == 0
    assert "Python" in said
