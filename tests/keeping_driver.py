"""An import in a process of its own, to be killed or to run beside another.

``python keeping_driver.py URL FILE`` keeps a file of paper statements and prints what it kept; a
line "resting" is printed at every rest between two transactions.
"""

import sys
import time
from pathlib import Path

from keeping_stage import LATER, VAULT
from paper_bank import read_paper

from accounts.bank_files import Source
from accounts.clock import FixedClock
from accounts.database import open_database
from banking.keeping import Incoming, keep


def rest(seconds: float) -> None:
    """Say so, and rest."""
    sys.stdout.write("resting\n")
    sys.stdout.flush()
    time.sleep(seconds)


def main() -> None:
    """One import."""
    url, *files = sys.argv[1:]
    database = open_database(url)
    kept = keep(
        database,
        VAULT,
        [Incoming(Source.FOLDER, Path(file).read_bytes()) for file in files],
        actor="office:1",
        clock=FixedClock(LATER),
        read=read_paper,
        rest=rest,
    )
    database.close()
    sys.stdout.write(f"kept {sum(one.new_lines for one in kept)}\n")


if __name__ == "__main__":
    main()
