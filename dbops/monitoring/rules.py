"""From a figure to a verdict: limits, sentences and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dbops.engines.verbs.activity.health import Reading
from dbops.monitoring.results import CheckResult, Status
from dbops.values import Size, Span

MINUTE = 60
MIB = 1024**2
GIB = 1024**3
# A share of little says nothing: a new database has read hardly anything.
MEANINGFUL_BLOCKS = 100_000


@dataclass(frozen=True)
class Rule:
    """When a figure is worrying, and what is said.

    ``message`` is filled in with the reading's words and ``value``; from the limits
    on it is worrying, below them where ``is_floor``.
    """

    message: str
    unit: str = ""
    warning: float | None = None
    critical: float | None = None
    is_floor: bool = False
    hint: str = ""

    def status(self, value: float) -> Status:
        """Return what a figure means."""
        if self._reaches(value, self.critical):
            return "critical"
        return "warning" if self._reaches(value, self.warning) else "ok"

    def _reaches(self, value: float, limit: float | None) -> bool:
        if limit is None:
            return False
        return value < limit if self.is_floor else value >= limit


RULES: Mapping[str, Rule] = {
    "answers": Rule(
        "in {value:.0f} ms",
        unit="ms",
        warning=1000,
        hint="look at the server's load and at the network to it",
    ),
    "connections": Rule(
        "{used} of {limit} are used ({value:.0%})",
        unit="share",
        warning=0.8,
        critical=0.95,
        hint="see db_activity; lower the pools, end what is forgotten, or raise"
        " max_connections",
    ),
    "longest_transaction": Rule(
        "open for {span}",
        unit="s",
        warning=5 * MINUTE,
        critical=30 * MINUTE,
        hint="see db_activity; it holds up vacuum",
    ),
    "idle_in_transaction": Rule(
        "{idle_count} sessions, the longest for {span}",
        unit="s",
        warning=5 * MINUTE,
        critical=15 * MINUTE,
        hint="db_terminate --state idle-in-transaction --older-than 5m; set"
        " idle_in_transaction_session_timeout",
    ),
    "blocked_sessions": Rule(
        "{value:.0f} wait for a lock",
        unit="sessions",
        warning=5,
        critical=20,
        hint="db_locks shows who is at the root",
    ),
    "longest_lock_wait": Rule(
        "{span}",
        unit="s",
        warning=30,
        critical=5 * MINUTE,
        hint="db_locks shows who is at the root",
    ),
    "cache_hit": Rule(
        "{value:.1%} of {blocks} blocks came from shared buffers, {since}",
        unit="share",
        warning=0.9,
        is_floor=True,
        hint="a share over all time, so slow to move: db_io shows which tables are"
        " read from disk; shared_buffers may be too small",
    ),
    "deadlocks": Rule("{value:.0f} {since}", unit="total"),
    "wraparound_xid": Rule(
        "{value:.1%} of all numbers used, oldest in {database}",
        unit="share",
        warning=0.5,
        critical=0.75,
        hint="run vacuum on the oldest tables; end old transactions, drop old slots",
    ),
    "wraparound_mxid": Rule(
        "{value:.1%} of all numbers used, oldest in {database}",
        unit="share",
        warning=0.5,
        critical=0.75,
        hint="run vacuum on the oldest tables; end old transactions",
    ),
    "archiver": Rule(
        "{said}",
        unit="failing",
        critical=1,
        hint="the log that is not archived fills the disk, and no recovery reaches"
        " beyond it: see the server's log for why archive_command fails",
    ),
    "dead_rows": Rule(
        "{value:.0f} tables are overdue for vacuum{listed}",
        unit="tables",
        warning=1,
        hint="run vacuum; if they come back, lower autovacuum_vacuum_scale_factor"
        " or end old transactions",
    ),
    "invalid_indexes": Rule(
        "{value:.0f}{listed}",
        unit="indexes",
        warning=1,
        hint="a CREATE INDEX CONCURRENTLY broke off: DROP INDEX, then build it again",
    ),
    "quick_check": Rule(
        "{value:.0f} damaged places{listed}",
        unit="places",
        critical=1,
        hint="restore the newest good backup, and look into the disk",
    ),
    "foreign_keys": Rule(
        "{value:.0f} rows point to nothing{listed}",
        unit="rows",
        critical=1,
        hint="they were written with foreign keys off: PRAGMA foreign_key_check"
        " names each row",
    ),
    "journal_mode": Rule(
        "{mode}",
        unit="not WAL",
        warning=1,
        hint="readers wait for the writer: PRAGMA journal_mode = WAL",
    ),
    "wal_size": Rule(
        "{size}",
        unit="bytes",
        warning=256 * MIB,
        critical=4 * GIB,
        hint="a reader that never ends keeps it growing: end it, then PRAGMA"
        " wal_checkpoint(TRUNCATE)",
    ),
    "freelist": Rule(
        "{value:.0%} of the file is empty ({free})",
        unit="share",
        warning=0.5,
        hint="run vacuum to give the room back; it needs as much again meanwhile",
    ),
    "busy_timeout": Rule(
        "a writer waits up to {value:.0f} s",
        unit="s",
        warning=5,
        is_floor=True,
        hint="unset what lowers it: below 5 s busy hours lose writes",
    ),
    "file_size": Rule("{size}", unit="bytes"),
    "database_disk": Rule(
        "{free} free ({value:.0%}) in {folder}",
        unit="share",
        warning=0.15,
        critical=0.05,
        is_floor=True,
        hint="make room: an SQLite file that can't grow refuses every write",
    ),
    "backup_disk": Rule(
        "{free} free ({value:.0%}) in {folder}",
        unit="share",
        warning=0.15,
        critical=0.05,
        is_floor=True,
        hint="make room, lower RETENTION_DAYS, or move BACKUP_DIR",
    ),
}


def judge(reading: Reading) -> CheckResult:
    """Return the verdict on one reading; one without a figure is unknown."""
    rule, value = RULES[reading.name], reading.value
    if value is None:
        return CheckResult(reading.name, "unknown", reading.why, unit=rule.unit)
    status = rule.status(value)
    if _says_little(reading):
        status = "ok"
    return CheckResult(
        reading.name,
        status,
        rule.message.format(value=value, **_worded(reading, value)),
        hint="" if status == "ok" else rule.hint,
        value=value,
        unit=rule.unit,
    )


def _says_little(reading: Reading) -> bool:
    blocks = reading.words.get("blocks")
    if reading.name == "freelist":
        return int(str(reading.words["free_bytes"])) < 64 * MIB
    return (
        reading.name == "cache_hit"
        and isinstance(blocks, int)
        and blocks < MEANINGFUL_BLOCKS
    )


def _worded(reading: Reading, value: float) -> dict[str, object]:
    words = dict(reading.words)
    listed = str(words.get("names") or words.get("tables") or words.get("first") or "")
    return words | {
        "span": Span(value),
        "size": Size(value),
        "free": Size(int(str(words.get("free_bytes", 0)))),
        "listed": f": {listed}" if listed else "",
    }
