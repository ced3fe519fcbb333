"""Primaries killed with SIGKILL under load: what was lost, and how long nobody was answered.

Eight kiosks drain and four offices book as fast as they can on a primary with its synchronous
standby; the standby is promoted by a script the moment the primary is dead. After each kill the
old primary comes back by ``pg_rewind``. All of it on one machine; fsync is on.
"""

import statistics

from postgresql_server import find_programs
from standby import run_pair, wait_until
from tireless import at_work, survived

from accounts.database import open_database, upgrade
from bench.figures import Figure

KILLS = 10
UNDER_LOAD = 400


def run() -> list[Figure]:
    """What stood the kills; nothing where PostgreSQL is not installed."""
    if find_programs() is None:
        return []
    outages: list[float] = []
    with run_pair("fsync=on") as pair:
        pair.primary.tell("CREATE DATABASE ledger")
        pair.name = "ledger"
        database = open_database(pair.url)
        upgrade(database)
        with at_work(pair.url, tills=8, offices=4) as staff:
            for _ in range(KILLS):
                wait_until(staff.answered(UNDER_LOAD), "load")
                for writer in staff.writers:
                    writer.longest_seconds = 0.0
                pair.fail_over()
                wait_until(staff.all_answered(), "answer on the new primary")
                outages.append(max(writer.longest_seconds for writer in staff.writers))
                pair.bring_back()
                pair.in_step()
        found = survived(database, staff)
        database.close()
    repeated = sum(writer.repeated for writer in staff.writers)
    unanswered = sum(writer.unanswered for writer in staff.writers)
    kills = f"{KILLS} kills, 8 kiosks and 4 offices"
    verdict = "verify holds" if found.holds else "VERIFY FAILS"
    return [
        Figure("acknowledged", found.acknowledged, "", note=f"{kills}; {verdict}"),
        Figure("acknowledged and lost", found.lost, ""),
        Figure("booked twice", found.doubled, ""),
        Figure("asked without an answer", unanswered, "", note=f"{repeated} offices' were booked"),
        Figure(
            "outage a writer saw",
            statistics.median(outages),
            "s",
            note=f"longest {max(outages):.2f} s; promotion {statistics.median(pair.promotions):.2f} s",
        ),
    ]
