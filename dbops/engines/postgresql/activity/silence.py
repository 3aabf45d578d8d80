"""What a program of PostgreSQL's waits for that has fallen silent."""

from __future__ import annotations

import os
from threading import Thread

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from dbops.engines.postgresql.activity.locks import read_locks
from dbops.engines.postgresql.activity.reading import Reader, monitor
from dbops.engines.postgresql.activity.sessions import read_sessions
from dbops.engines.postgresql.connect import first_line
from dbops.engines.verbs.activity.locks import PREPARED, LockPicture
from dbops.engines.verbs.activity.sessions import Session
from dbops.errors import DbopsError

# Longer than connecting and both questions may take; but a line may fall silent in
# the middle of them, and then nothing ends them.
ANSWER_SECONDS = 15.0
MOST_SESSIONS = 5


def why_silent(connection: BaseDatabaseWrapper, program: str) -> str:
    """Ask the server what the sessions of a program wait for; never raises.

    They are known by the name that the program gives them, so of two at work in one
    database both are told. Nothing of a statement is: it may hold values.
    """
    answers: list[str] = []

    def ask() -> None:
        answers.append(_answer(connection, program))

    asking = Thread(target=ask, name="why silent", daemon=True)
    asking.start()
    asking.join(ANSWER_SECONDS)
    return answers[0] if answers else "the server does not answer"


def _answer(connection: BaseDatabaseWrapper, program: str) -> str:
    # Inherited by the program, as every variable of libpq's.
    name = os.environ.get("PGAPPNAME") or program
    try:
        with monitor(connection) as reader:
            return _told(reader, program, name)
    except DbopsError as error:
        return f"the server does not answer: {error.why}"
    except DatabaseError as error:
        return f"the server does not tell: {first_line(error)}"


def _told(reader: Reader, program: str, name: str) -> str:
    sessions = [row for row in read_sessions(reader).rows if row.app == name]
    if not sessions:
        return f"{program} has no session on the server"
    picture = read_locks(reader)
    waiting = {wait.pid for wait in picture.waits}
    # Those that wait for a lock say most.
    sessions.sort(key=lambda session: session.pid not in waiting)
    return "; ".join(
        _session(program, each, picture) for each in sessions[:MOST_SESSIONS]
    )


def _session(program: str, session: Session, picture: LockPicture) -> str:
    words = f"{program}'s session {session.pid} is {_state(session)}"
    if session.wait:
        words += f", waiting for {session.wait}"
    for wait in picture.waits:
        if wait.pid == session.pid:
            holders = " and ".join(_holder(pid, picture) for pid in wait.blockers)
            words += f" ({wait.mode} of {wait.relation or wait.locktype})"
            words += f", held up by {holders}"
    return words


def _holder(pid: int, picture: LockPicture) -> str:
    if pid == PREPARED:
        return "a prepared transaction"
    if (session := picture.sessions.get(pid)) is None:
        return f"session {pid}"
    name = session.app or session.kind or "without a name"
    return f"session {pid} ({name} of {session.user}, {_state(session)})"


def _state(session: Session) -> str:
    if session.state is None:
        return "hidden from this role"
    since = "" if session.seconds is None else f" for {session.seconds:.0f} s"
    return f"{session.state}{since}"
