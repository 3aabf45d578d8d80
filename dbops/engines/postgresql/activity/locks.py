"""Who waits for a lock of any kind, and who has it."""

from __future__ import annotations

from dbops.engines.postgresql.activity.reading import Reader
from dbops.engines.postgresql.activity.sessions import sessions_by_pid
from dbops.engines.postgresql.connect import quoted_text
from dbops.engines.verbs.activity.locks import LockPicture, LockWait

# pg_locks.waitstart: 14. Who waits for a row waits for its writer's transaction,
# and that lock has no relation; the row's own lock, which the first in the queue
# holds meanwhile, has. Blockers repeat when a query has parallel workers.
WAITS = """
    SELECT l.pid, pg_catalog.pg_blocking_pids(l.pid) AS blockers, l.locktype,
           coalesce(
             CASE WHEN l.database IN (0, d.oid) THEN l.relation END::regclass::text,
             (SELECT t.relation::regclass::text FROM pg_catalog.pg_locks t
              WHERE t.pid = l.pid AND t.locktype = 'tuple' AND t.granted LIMIT 1),
             '') AS relation,
           l.mode,
           extract(epoch FROM greatest(
             clock_timestamp() - coalesce(l.waitstart, clock_timestamp()),
             interval '0'))::float AS seconds
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
    JOIN pg_catalog.pg_database d ON d.datname = current_database()
    WHERE NOT l.granted AND a.datname = d.datname
    ORDER BY seconds DESC, l.pid
"""
PREPARED = """
    SELECT gid FROM pg_catalog.pg_prepared_xacts
    WHERE database = current_database() ORDER BY prepared
"""


def read_locks(reader: Reader) -> LockPicture:
    """Return the waits of this database's sessions, and everybody in them."""
    waits = [
        LockWait(
            **{
                **row,
                "blockers": sorted(set(row["blockers"])),
                "relation": row["relation"].removeprefix("public."),
            }
        )
        for row in reader.rows(WAITS)
    ]
    pids = {wait.pid for wait in waits}
    pids.update(*(wait.blockers for wait in waits))
    return LockPicture(
        waits=waits,
        sessions=sessions_by_pid(reader, sorted(pids)),
        prepared={
            row["gid"]: f"ROLLBACK PREPARED {quoted_text(row['gid'])}"
            for row in reader.rows(PREPARED)
        },
        remedy=reader.remedy,
    )
