"""End sessions: planned first, never those that keep the data safe, all journaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from dbops.audit import journaled
from dbops.engines.base import Engine
from dbops.engines.registry import get_engine
from dbops.engines.verbs.activity.sessions import Session
from dbops.errors import SessionRefusedError
from dbops.monitoring.activity import STATES, fits, is_hidden
from stateset.lib.errors import UsageError

PLANNED, DONE, REFUSED = "planned", "done", "refused"
IDLE = STATES["idle"] | STATES["idle-in-transaction"]


@dataclass(frozen=True)
class Choice:
    """Which sessions: these numbers, or a state and how long it has lasted."""

    pids: Sequence[int] = ()
    state: str = ""
    older_than: timedelta | None = None


@dataclass(frozen=True)
class Ending:
    """What is to become, or became, of one session; ``why`` where it is refused."""

    pid: int
    session: Session | None
    result: str
    why: str = ""


def end_sessions(
    choice: Choice,
    *,
    alias: str = DEFAULT_DB_ALIAS,
    cancel: bool = False,
    reason: str,
    apply: bool = False,
) -> list[Ending] | None:
    """End the chosen sessions of this database, or cancel what they run.

    Without ``apply`` it is a plan, and nothing happens. Each one is found anew by
    number and start in the statement that ends it. None where the engine has no
    sessions; raises UsageError when nothing is chosen.
    """
    _require_choice(choice, reason)
    engine = get_engine(alias)
    found = engine.sessions()
    if found is None:
        return None
    plan = [
        Ending(pid, session, REFUSED if why else PLANNED, why)
        for pid, session in _chosen(choice, found.rows)
        for why in [_refusal(session, cancel=cancel)]
    ]
    if not apply:
        return plan
    return [_end(engine, ending, cancel=cancel, reason=reason) for ending in plan]


def _require_choice(choice: Choice, reason: str) -> None:
    if not reason.strip():
        raise UsageError(
            "No session was ended.",
            why="the reason is empty",
            fix="say in --reason why it is done; the audit log keeps it",
        )
    by_filter = bool(choice.state) or choice.older_than is not None
    if bool(choice.pids) == by_filter:
        raise UsageError(
            "No session was ended.",
            why="both numbers and a filter are given"
            if by_filter
            else "neither a number nor a filter is given",
            fix="name the numbers that db_activity shows, or give --state and"
            " --older-than",
        )
    if by_filter and (not choice.state or choice.older_than is None):
        raise UsageError(
            "No session was ended.",
            why="half a filter would end sessions that are at work",
            fix="give both --state and --older-than, as --state idle --older-than 1h",
        )


def _chosen(
    choice: Choice, sessions: Sequence[Session]
) -> list[tuple[int, Session | None]]:
    if choice.pids:
        by_pid = {session.pid: session for session in sessions}
        return [(pid, by_pid.get(pid)) for pid in dict.fromkeys(choice.pids)]
    return [
        (session.pid, session)
        for session in sessions
        if not is_hidden(session)
        and fits(session, state=choice.state, longer_than=choice.older_than)
    ]


def _refusal(session: Session | None, *, cancel: bool) -> str:
    """Return why a session is left alone, nothing where it may be ended."""
    if session is None:
        return "no session of this database has this number"
    if is_hidden(session):
        return "it is hidden from this role, so its start is unknown"
    if session.is_ours:
        return f"it is {session.app}: stop that program instead"
    if not session.is_client:
        return f"it is no client but {session.kind}"
    if cancel and session.state in IDLE:
        return f"it is {session.state}: a cancel does nothing to it, leave --cancel out"
    return ""


def _end(engine: Engine, ending: Ending, *, cancel: bool, reason: str) -> Ending:
    session = ending.session
    if session is None or ending.result == REFUSED:
        return ending
    action = "session.cancel" if cancel else "session.terminate"
    try:
        with journaled(action, reason=reason, subject="session") as details:
            details |= _details(session)
            _require_ended(session, is_ended=engine.end_session(session, cancel=cancel))
    except SessionRefusedError as error:
        return Ending(ending.pid, session, REFUSED, f"{error.why}; {error.fix}")
    return Ending(ending.pid, session, DONE)


def _require_ended(session: Session, *, is_ended: bool) -> None:
    if not is_ended:
        raise SessionRefusedError(
            f"The session {session.pid} was not ended.",
            why="it is gone, or did not go within 5 s",
            fix="look again with db_activity",
        )


def _details(session: Session) -> dict[str, Any]:
    """Return what the journal keeps: whose it was, never what it said."""
    query = session.query or ""
    return {
        "id": session.pid,
        "user": session.user,
        "app": session.app,
        "client": session.client,
        "state": session.state,
        "seconds": None if session.seconds is None else int(session.seconds),
        "query_sha256": sha256(query.encode()).hexdigest()[:16],
    }
