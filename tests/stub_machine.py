"""A machine of stub commands for `./mensa`: no network, and nothing of the real one is touched.

The script is the project's own but for one thing: the paths of the system it looks at, and as
root writes to, lie below `Machine.system`.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[1]
TOOLS = [
    "cat",
    "cksum",
    "chmod",
    "flock",
    "grep",
    "ls",
    "mkdir",
    "mv",
    "printf",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sh",
    "tail",
    "wc",
]
VPCD = "usr/lib/pcsc/drivers/serial/libifdvpcd.so"


@dataclass
class Machine:
    """A folder with the project's script, a system's files, and commands that log their calls."""

    place: Path
    user: int = 1000
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        """The folder of `./mensa`, with spaces in its path."""
        return self.place / "Schule am See" / "mensakasse"

    @property
    def system(self) -> Path:
        """What stands for the root of the file system."""
        return self.place / "system"

    def build(self) -> "Machine":
        """Make a machine that has the usual tools and lacks everything else."""
        for directory in ("bin", "system/usr/sbin", "system/usr/include", "system/etc"):
            (self.place / directory).mkdir(parents=True)
        for tool in TOOLS:
            (self.place / "bin" / tool).symlink_to(shutil.which(tool) or tool)
        (self.project / "deploy").mkdir(parents=True)
        for name in ("mensa", "deploy/set-up.sh"):
            text = (PROJECT / name).read_text()
            text = re.sub(r'(?<=[\s="])/(?=(usr|etc|run)/)', f"{self.system}/", text)
            (self.project / name).write_text(text)
        (self.project / "mensa").chmod(0o755)
        (self.project / "uv.lock").write_text("lock\n")
        (self.project / "pyproject.toml").write_text("project\n")
        self.stub("id", f"echo {self.user}")
        self.stub("sudo", "true")
        return self

    def debian(self) -> "Machine":
        """Make it a Debian whose apt installs and downloads whatever it is asked for."""
        self.file("etc/debian_version")
        self.stub("dpkg", 'case $1 in -x) mkdir -p "$3/${0%/*}" "$3/' + VPCD + '" ;; esac')
        self.stub(
            "apt-get",
            f'case $1 in download) : >vpcd.deb ;; install) "{self.place}/install" ;; esac',
        )
        self.file("../install", "")
        (self.place / "install").chmod(0o755)
        return self

    def equipped(self) -> "Machine":
        """Make it a machine on which nothing is missing."""
        for path in ("usr/include/stdio.h", "usr/include/PCSC/winscard.h", "usr/sbin/pcscd"):
            self.file(path)
        (self.system / "usr/sbin/pcscd").chmod(0o755)
        self.file("etc/ssl/certs/ca-certificates.crt", "certificate\n")
        for name in ("gcc", "pkg-config", "tmux", "aqbanking-cli", "initdb"):
            self.stub(name, "true")
        self.stub("python3", "case $1 in -c) echo python3 ;; esac")
        self.stub("uv", 'case $1 in --version) echo uv 0.13.9 ;; *) . "$MENSA_TEST/sync" ;; esac')
        job = self.place / "job"
        job.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "job $*"; exit "${JOB_STATUS-0}"\n')
        job.chmod(0o755)
        self.syncs()
        return self

    def syncs(self, before: str = "") -> None:
        """Let uv do this before it makes the environment."""
        made = 'mkdir -p "$UV_PROJECT_ENVIRONMENT/bin"\ncat "$MENSA_TEST/job" >'
        python = '"$UV_PROJECT_ENVIRONMENT/bin/python"'
        self.file("../sync", f"{before}\n{made}{python}\nchmod 755 {python}\n")

    def file(self, path: str, text: str = "") -> None:
        """Put a file into the system."""
        (self.system / path).parent.mkdir(parents=True, exist_ok=True)
        (self.system / path).write_text(text)

    def stub(self, name: str, body: str) -> None:
        """Put a command on PATH that writes down how it was called."""
        path = self.place / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$MENSA_TEST/calls"\n{body}\n')
        path.chmod(0o755)

    @property
    def env(self) -> dict[str, str]:
        """The environment of a start."""
        mine = {"PATH": str(self.place / "bin"), "MENSA_TEST": str(self.place)}
        return {**mine, **self.environ}

    def command(self, *words: str) -> list[str]:
        """The command line of a start."""
        return [str(self.project / "mensa"), *words]

    def start(self, *words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
        """Start a job without a terminal and wait for its end."""
        return subprocess.run(
            self.command(*words),
            env=self.env,
            cwd=cwd or self.place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self, name: str) -> list[str]:
        """The arguments of every call of a stub so far."""
        path = self.place / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]

    def syncs_done(self) -> list[str]:
        """The calls that made or renewed the environment."""
        return [call for call in self.calls("uv") if call.startswith("sync")]
