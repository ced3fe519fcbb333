"""`./mensa` on machines of stub commands, see `stub_machine`."""

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from stub_machine import VPCD, Machine

BASE = [
    "python3-venv",
    "python3-dev",
    "gcc",
    "libc6-dev",
    "pkg-config",
    "libpcsclite-dev",
    "ca-certificates",
]
PACKAGES = {
    "office": BASE,
    "check": BASE,
    "demo": [*BASE, "pcscd"],
    "bench": [*BASE, "pcscd", "postgresql"],
    "test": [*BASE, "pcscd", "tmux", "aqbanking-tools", "postgresql"],
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path).build()


@pytest.mark.parametrize("job", PACKAGES)
def test_each_job_names_its_own_packages_and_what_they_are_for(machine: Machine, job: str) -> None:
    done = machine.debian().start(job)
    assert done.returncode == 69
    assert done.stdout == ""
    [line] = [line for line in done.stderr.splitlines() if "sudo apt-get" in line]
    assert line.split("--no-install-recommends ")[1].split() == PACKAGES[job]
    for package in PACKAGES[job]:
        assert re.search(rf"^  {package} +\w.{{10}}", done.stderr, re.MULTILINE)


def test_only_a_foreign_bank_needs_npm(machine: Machine) -> None:
    done = machine.debian().start("test", "-k", "npm", "--foreign")
    [line] = [line for line in done.stderr.splitlines() if "sudo apt-get" in line]
    assert line.split("--no-install-recommends ")[1].split() == [*PACKAGES["test"], "npm"]


def test_without_a_terminal_nothing_is_installed_and_nobody_is_asked(machine: Machine) -> None:
    machine.debian().start("test")
    assert machine.calls("sudo") == machine.calls("apt-get") == []


def test_elsewhere_than_on_debian_it_says_what_it_needs(machine: Machine) -> None:
    done = machine.start("demo")
    assert done.returncode == 69
    assert "libpcsclite-dev" in done.stderr
    assert "not Debian" in done.stderr
    assert "apt" not in done.stderr


def test_only_what_is_missing_is_named(machine: Machine) -> None:
    machine.debian().equipped()
    (machine.place / "bin/tmux").unlink()
    line = [line for line in machine.start("test").stderr.splitlines() if "sudo apt-get" in line]
    assert line[0].split()[-1] == "tmux"
    assert "postgresql" not in line[0]
    assert machine.start("office").returncode == 0


@pytest.mark.parametrize(("answer", "asked"), [("n", []), ("", []), ("j", ["-v"])])
def test_on_a_terminal_sudo_is_called_only_after_a_yes(
    machine: Machine, answer: str, asked: list[str]
) -> None:
    machine.debian()
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs, "w") as terminal:
        done = subprocess.run(
            machine.command("office"),
            env=machine.env,
            stdin=terminal,
            stderr=terminal,
            check=False,
            timeout=60,
        )
    os.close(ours)
    assert done.returncode == 69
    assert [call.split()[0] for call in machine.calls("sudo")][:1] == asked


def test_root_on_debian_gets_the_packages_without_services_or_clusters(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=0).build().debian()
    policy, cluster = "usr/sbin/policy-rc.d", "etc/postgresql-common/createcluster.d/mensa.conf"
    allowed = f'"{machine.system}/{policy}" postgresql start; echo $? >"$MENSA_TEST/allowed"'
    seen = f'cat "{machine.system}/{cluster}" >"$MENSA_TEST/cluster"'
    machine.file("../install", f"#!/bin/sh\n{allowed}\n{seen}\n")
    done = machine.start("test")
    [installed] = [call for call in machine.calls("apt-get") if call.startswith("install")]
    assert installed.split()[-len(PACKAGES["test"]) :] == PACKAGES["test"]
    assert (machine.place / "allowed").read_text() == "101\n"
    assert (machine.place / "cluster").read_text() == "create_main_cluster = false\n"
    assert not (machine.system / policy).exists()
    assert not (machine.system / "etc/postgresql-common").exists()
    # The stub brought nothing, and the script does not believe apt but its own eyes.
    assert done.returncode == 69


def test_a_policy_that_was_there_before_stays(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=0).build().debian()
    machine.file("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 104\n")
    machine.start("office")
    assert (machine.system / "usr/sbin/policy-rc.d").read_text() == "#!/bin/sh\nexit 104\n"


def test_what_a_killed_installation_left_is_tidied_by_the_next(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=0).build().debian()
    machine.file("usr/sbin/policy-rc.d", "#!/bin/sh\n# mensa-set-up\nexit 101\n")
    machine.start("office")
    assert not (machine.system / "usr/sbin/policy-rc.d").exists()


def test_the_job_gets_its_words_and_gives_its_status(machine: Machine) -> None:
    machine.equipped().environ["JOB_STATUS"] = "7"
    done = machine.start("card", "show", "a b")
    assert done.stdout == "job -P -m kiosk card show a b\n"
    assert done.returncode == 7


def test_set_up_speaks_on_stderr_and_the_job_alone_on_stdout(machine: Machine) -> None:
    done = machine.equipped().start("doctor", "--json")
    assert done.stdout == "job -P -m kiosk doctor --json\n"
    assert "locked Python packages" in done.stderr


def test_a_second_start_sets_nothing_up(machine: Machine) -> None:
    machine.equipped().start("doctor")
    before = (machine.place / "calls").read_text()
    done = machine.start("doctor")
    assert done.stderr == ""
    assert (machine.place / "calls").read_text() == before


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml", "deploy/set-up.sh", "mensa"])
def test_a_change_of_what_it_was_made_from_sets_up_again(machine: Machine, name: str) -> None:
    machine.equipped().start("doctor")
    with (machine.project / name).open("a") as changed:
        changed.write("# changed\n")
    assert machine.start("doctor").returncode == 0
    assert len(machine.syncs_done()) == 2


def test_an_environment_that_vanished_is_made_again(machine: Machine) -> None:
    machine.equipped().start("doctor")
    shutil.rmtree(machine.project / ".venv")
    assert machine.start("doctor").stdout == "job -P -m kiosk doctor\n"


def test_it_works_from_another_folder_and_through_a_link(machine: Machine, tmp_path: Path) -> None:
    machine.equipped()
    link = tmp_path / "bin" / "kasse"
    link.symlink_to(machine.project / "mensa")
    for cwd in (machine.project, machine.system):
        done = subprocess.run(
            ["kasse", "doctor"], env=machine.env, cwd=cwd, capture_output=True, check=True
        )
        assert done.stdout == b"job -P -m kiosk doctor\n"
    assert (machine.project / ".venv").is_dir()


def test_jobs_of_the_till_ask_for_no_tools_of_the_developer(machine: Machine) -> None:
    machine.equipped().start("office")
    machine.start("check")
    till, developer = machine.syncs_done()
    assert "--inexact" in till
    assert "--group" not in till
    assert developer.endswith("--locked --all-extras --group dev")


def test_the_database_driver_comes_where_the_database_asks_for_it(machine: Machine) -> None:
    machine.equipped().start("office")
    machine.environ["MENSA_DATABASE"] = "postgresql://localhost/mensa"
    machine.start("office")
    assert ["--extra postgresql" in call for call in machine.syncs_done()] == [False, True]


def test_a_broken_set_up_shows_the_end_of_its_log_and_is_repaired(machine: Machine) -> None:
    machine.equipped().syncs("echo error: gcc failed >&2; exit 1")
    done = machine.start("doctor")
    assert done.returncode == 69
    assert "error: gcc failed" in done.stderr
    assert "setup.log" in done.stderr
    machine.syncs()
    assert machine.start("doctor").returncode == 0


def test_trouble_with_the_network_is_told_apart(machine: Machine) -> None:
    machine.equipped().syncs("echo 'error: Failed to fetch: dns error' >&2; exit 2")
    assert machine.start("doctor").returncode == 75
    machine.syncs("echo 'Failed to fetch: invalid peer certificate: UnknownIssuer' >&2; exit 2")
    assert machine.start("doctor").returncode == 69


def test_a_set_up_that_was_killed_is_begun_anew(machine: Machine) -> None:
    machine.equipped().syncs('mkdir -p "$UV_PROJECT_ENVIRONMENT/half"; kill -9 $PPID $$')
    assert machine.start("doctor").returncode != 0
    machine.syncs()
    assert machine.start("doctor").returncode == 0
    assert not (machine.project / ".venv/half").exists()


def start_beside(machine: Machine) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        machine.command("doctor"),
        env=machine.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_starts_at_once_set_up_once(machine: Machine) -> None:
    machine.equipped()
    os.mkfifo(machine.place / "gate")
    machine.syncs('read -r _ <"$MENSA_TEST/gate"')
    with (
        start_beside(machine) as first,
        (machine.place / "gate").open("w") as gate,  # opens when the first one synchronises
        start_beside(machine) as second,
    ):
        assert second.stderr is not None
        assert "waiting for another set-up" in second.stderr.readline()
        gate.write("go\n")
        gate.flush()
        for start in (first, second):
            assert start.communicate(timeout=60)[0] == "job -P -m kiosk doctor\n"
    assert len(machine.syncs_done()) == 1


@pytest.mark.parametrize("version", ["uv 0.7.22", "uv 0.5.0 (x)", ""])
def test_a_uv_that_is_too_old_is_replaced_in_the_private_place(
    machine: Machine, version: str
) -> None:
    machine.equipped().stub("uv", f"echo '{version}'")
    pip = '#!/bin/sh\nprintf \'#!/bin/sh\\necho "uv $*" >>"$MENSA_TEST/calls"\\n'
    pip += 'case $1 in --version) echo uv 0.13.9 ;; *) . "$MENSA_TEST/sync" ;; esac\\n\''
    pip += ' >"${0%/pip}/uv"; chmod 755 "${0%/pip}/uv"\n'
    machine.file("../pip", pip)
    machine.stub(
        "python3",
        'case $1 in -c) echo python3 ;; *) mkdir -p "$3/bin"; cat "$MENSA_TEST/pip" >"$3/bin/pip";'
        ' chmod 755 "$3/bin/pip" ;; esac',
    )
    assert machine.start("doctor").returncode == 0
    assert (machine.project / ".mensa/uv/bin/uv").exists()
    assert len(machine.syncs_done()) == 1


def test_the_virtual_reader_is_unpacked_beside_the_project_and_never_installed(
    machine: Machine,
) -> None:
    machine.debian().equipped()
    done = machine.start("demo")
    assert done.stdout == "job -P -m kiosk demo\n"
    assert (machine.project / ".mensa/vpcd" / VPCD).exists()
    assert machine.calls("apt-get") == ["download vsmartcard-vpcd libqrencode4"]


def test_every_check_runs_and_has_its_verdict(machine: Machine) -> None:
    machine.equipped()
    tools = "for tool in ruff mypy lint-imports deptry; do printf '#!/bin/sh\\necho found by %s\\n"
    tools += '[ "${0##*/}" != mypy ]\\n\' $tool >"$UV_PROJECT_ENVIRONMENT/bin/$tool";'
    tools += ' chmod 755 "$UV_PROJECT_ENVIRONMENT/bin/$tool"; done'
    machine.syncs('mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"\n' + tools)
    done = machine.start("check")
    assert done.returncode == 1
    verdicts = [line for line in done.stdout.splitlines() if not line.startswith("found")]
    assert [line.split()[0] for line in verdicts] == ["ok", "ok", "FAIL", "ok", "ok"]
    assert "found by mypy" in done.stdout
