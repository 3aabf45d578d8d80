"""Who is connected to a database, and for how long they have been at it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import DEFAULT_DB_ALIAS

from dbops.engines.registry import get_engine
from dbops.engines.verbs.activity.sessions import Session, Sessions
from dbops.monitoring.masking import shown_statement

STATES: dict[str, frozenset[str]] = {
    "active": frozenset({"active", "fastpath function call"}),
    "idle": frozenset({"idle"}),
    "idle-in-transaction": frozenset(
        {"idle in transaction", "idle in transaction (aborted)"}
    ),
}
"""What people choose by, and the words that pg_stat_activity has for it."""


def read_activity(
    alias: str = DEFAULT_DB_ALIAS,
    *,
    state: str = "",
    longer_than: timedelta | None = None,
    with_values: bool = False,
) -> Sessions | None:
    """Return the sessions of a state that have been in it so long, busiest first.

    None where the engine has no sessions. Values in statements are masked unless
    they are asked for. A session that is hidden from us may be in any state.
    """
    found = get_engine(alias).sessions()
    if found is None:
        return None
    rows = [
        replace(session, query=shown_statement(session.query, whole=with_values))
        for session in found.rows
        if fits(session, state=state, longer_than=longer_than)
    ]
    return replace(found, rows=rows)


def is_hidden(session: Session) -> bool:
    """Return whether another role's session is kept from us."""
    return session.state is None and session.kind is None


def fits(session: Session, *, state: str, longer_than: timedelta | None) -> bool:
    """Return whether a session is among those asked for."""
    if is_hidden(session):
        return True
    if state and session.state not in STATES[state]:
        return False
    if longer_than is None:
        return True
    return (
        session.seconds is not None and session.seconds >= longer_than.total_seconds()
    )
