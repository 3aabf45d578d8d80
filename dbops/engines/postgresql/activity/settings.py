"""The server's settings beside what the guide recommends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dbops.engines.postgresql.activity.reading import Reader
from dbops.engines.verbs.activity.health import Advice

UNREADABLE = "hidden"
COMMAND = "archive_command"
# From 15 on it can archive in the command's place.
LIBRARY = "archive_library"
# pg_settings as people write them: 5s, 200, on. Hidden ones are absent.
SETTINGS = """
    SELECT s.name, pg_catalog.current_setting(s.name) AS shown,
           s.setting AS value, s.context
    FROM pg_catalog.pg_settings s WHERE s.name = ANY(%s)
"""
NEEDS_RESTART = "postmaster"

Test = Callable[[str], bool]


@dataclass(frozen=True)
class Recommended:
    """One setting of the guide; ``test`` reads the value in the setting's own unit."""

    advised: str
    why: str
    test: Test
    is_vital: bool = False


def _is(*values: str) -> Test:
    return lambda value: value in values


def _at_most(limit: float) -> Test:
    return lambda value: float(value) <= limit


def _at_least(limit: float) -> Test:
    return lambda value: float(value) >= limit


def _between(low: float, high: float) -> Test:
    return lambda value: low <= float(value) <= high


def _names(*words: str) -> Test:
    return lambda value: all(word in value for word in words)


RECOMMENDED: dict[str, Recommended] = {
    "fsync": Recommended(
        "on", "a crash of the machine destroys the database", _is("on"), is_vital=True
    ),
    "full_page_writes": Recommended(
        "on", "a crash leaves half-written pages", _is("on"), is_vital=True
    ),
    "autovacuum": Recommended(
        "on", "tables bloat, and numbers run out", _is("on"), is_vital=True
    ),
    "autovacuum_vacuum_scale_factor": Recommended(
        "0.1", "dead rows go at 10 % of a table, not at 20 %", _at_most(0.1)
    ),
    "autovacuum_analyze_scale_factor": Recommended(
        "0.05", "the planner learns of 5 % changed rows", _at_most(0.05)
    ),
    "max_connections": Recommended(
        "200",
        "room for all pools; each connection costs memory, so put a pooler before"
        " more than 500",
        _between(200, 500),
    ),
    "wal_level": Recommended(
        "replica", "recovery to a point in time, replicas", _is("replica", "logical")
    ),
    "archive_mode": Recommended(
        "on", "recovery to a point in time", _is("on", "always")
    ),
    COMMAND: Recommended(
        "a command that copies %p to %f and never overwrites",
        "archive_mode does nothing without it (or archive_library)",
        lambda value: value not in {"", "(disabled)"},
    ),
    "log_min_duration_statement": Recommended(
        "500ms", "slow statements are in the log", _between(0, 5000)
    ),
    "log_lock_waits": Recommended("on", "who waits for a lock is logged", _is("on")),
    "log_line_prefix": Recommended(
        "%m [%p] %q%u@%d %a ", "a line tells when, who and where", _names("%p", "%u")
    ),
    "shared_preload_libraries": Recommended(
        "pg_stat_statements", "db_queries", _names("pg_stat_statements")
    ),
    "track_io_timing": Recommended("on", "db_io tells how long reads took", _is("on")),
    "idle_in_transaction_session_timeout": Recommended(
        "10min", "a forgotten transaction holds up vacuum and locks", _at_least(1)
    ),
}


def read_advice(reader: Reader) -> list[Advice]:
    """Hold each setting against the guide's; a hidden one is not judged."""
    names = [*RECOMMENDED, LIBRARY]
    found = {row["name"]: row for row in reader.rows(SETTINGS, [names])}
    has_library = bool(found.get(LIBRARY, {}).get("value"))
    return [
        _advice(name, found.get(name), recommended)
        for name, recommended in RECOMMENDED.items()
        if not (has_library and name == COMMAND)
    ]


def _advice(name: str, seen: dict[str, str] | None, recommended: Recommended) -> Advice:
    is_followed = seen is None or recommended.test(seen["value"])
    return Advice(
        name=name,
        seen=UNREADABLE if seen is None else seen["shown"],
        advised=recommended.advised,
        is_followed=is_followed,
        is_dangerous=recommended.is_vital and not is_followed,
        why=recommended.why,
        statement="" if seen is None else _statement(name, seen, recommended),
    )


def _statement(name: str, seen: dict[str, str], recommended: Recommended) -> str:
    value = recommended.advised
    if name == COMMAND:
        value = "…"
    elif name == "shared_preload_libraries" and seen["value"]:
        # Each name is an item of the list, so the quotes go around each.
        listed = [*seen["value"].split(","), value]
        value = "', '".join(part.strip() for part in listed)
    then = (
        "then restart the server"
        if seen["context"] == NEEDS_RESTART
        else "then SELECT pg_reload_conf()"
    )
    return f"ALTER SYSTEM SET {name} = '{value}'; {then}"
