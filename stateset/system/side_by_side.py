"""Answer independent questions about one moment of the database, side by side.

On PostgreSQL further sessions take over the snapshot of the first one, and each takes
the next question that is left. Elsewhere, or where none may be had, one answers all.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, Error, connections

from stateset.lib.connections_left import connections_left
from stateset.lib.snapshot import one_moment, the_moment_of

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

MOST_SESSIONS = 4
LEFT_TO_OTHERS = 20
"""Connections of the server that stay free for those who serve customers."""

ASK_AGAIN_SECONDS = 0.2
CANCEL_SECONDS = 5.0

# Workers beside a session, where several sessions have the cores already, cost more
# than they bring; never more of them than the server allows.
WORKERS_BESIDE = """
    SELECT set_config('max_parallel_workers_per_gather', least(
        current_setting('max_parallel_workers_per_gather')::int, %s)::text, true)
"""


def answers_of_one_moment(
    questions: Sequence[Callable[[], Answer]], *, using: str = DEFAULT_DB_ALIAS
) -> list[Answer]:
    """Return the answer to each question; all are about the same state.

    They are begun in their order, so the longest should come first. Inside a
    transaction of the caller nobody else sees what it changed: one session asks all.
    The first error ends all and is raised.
    """
    is_callers = connections[using].in_atomic_block
    asked = _Asked(questions)
    with one_moment(using):
        further = 0 if is_callers else _further_sessions(using, len(questions))
        if further:
            _ask_with_helpers(asked, using, further)
        else:
            asked.go_on()
    return [asked.answers[place] for place in range(len(questions))]


class _Asked(Generic[Answer]):
    """Questions of which each thread takes the next one left, until one fails."""

    def __init__(self, questions: Sequence[Callable[[], Answer]]) -> None:
        self.answers: dict[int, Answer] = {}
        self.failure: BaseException | None = None
        self._left = deque(enumerate(questions))
        self._sessions: list[Any] = []
        self._guard = Lock()

    def go_on(self) -> None:
        while self._left:
            try:
                place, question = self._left.popleft()
            except IndexError:
                return
            self.answers[place] = question()

    def go_on_with(self, using: str) -> None:
        """Go on in a session that ends at the first failure of any."""
        session = connections[using].connection
        with self._guard:
            self._sessions.append(session)
        try:
            self.go_on()
        except BaseException as error:
            self.stop(error)
            raise
        finally:
            # Before it is closed or given back: nobody else's query is to end.
            with self._guard:
                self._sessions.remove(session)

    def stop(self, error: BaseException) -> None:
        """Begin no further question, and have the server end those under way."""
        self._left.clear()
        with self._guard:
            self.failure = self.failure or error
            for session in self._sessions:
                # One that cannot be reached any more ends by itself.
                with suppress(psycopg.Error):
                    session.cancel_safe(timeout=CANCEL_SECONDS)


def _ask_with_helpers(asked: _Asked[Any], using: str, further: int) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
    workers = _cores() // (further + 1) - 1
    _share_cores(using, workers)
    with ThreadPoolExecutor(further, thread_name_prefix="one_moment") as threads:
        helpers = [
            threads.submit(_help, asked, using, snapshot, workers)
            for _ in range(further)
        ]
        with _ending(helpers, asked):
            asked.go_on_with(using)
            for helper in helpers:
                helper.result()


@contextmanager
def _ending(helpers: list[Future[None]], asked: _Asked[Any]) -> Iterator[None]:
    """Leave no helper at work behind an error, and raise the first one."""
    try:
        yield
    except BaseException as error:
        asked.stop(error)
        # One that was between two statements is stopped at the next.
        while wait(helpers, ASK_AGAIN_SECONDS).not_done:
            asked.stop(error)
        if asked.failure is None or asked.failure is error:
            raise
        raise asked.failure from None


def _help(asked: _Asked[Any], using: str, snapshot: str, workers: int) -> None:
    """Answer questions in a session of this thread, if it may have one."""
    with ExitStack() as stack:
        stack.callback(connections[using].close)
        try:
            stack.enter_context(the_moment_of(snapshot, using))
            _share_cores(using, workers)
        except Error as refusal:
            log.info("One session fewer reads this moment: %s", refusal)
            return
        asked.go_on_with(using)


def _share_cores(using: str, workers: int) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(WORKERS_BESIDE, [workers])


def _cores() -> int:
    """Return those of this machine, for nobody tells those of the server."""
    return os.cpu_count() or 1


def _further_sessions(using: str, questions: int) -> int:
    """Return how many sessions may help: one a core, and none that others need."""
    wanted = min(_cores(), MOST_SESSIONS, questions) - 1
    if wanted < 1:
        return 0
    spare = SPARE_SESSIONS[connections[using].vendor](using)
    return max(0, min(wanted, spare))


def _spare_on_postgresql(using: str) -> int:
    left = connections_left(connections[using], leave=LEFT_TO_OTHERS)
    return left[0][1]


def _none_on_sqlite(using: str) -> int:
    """Return 0: what one session of SQLite sees, no other can take over."""
    return 0


SPARE_SESSIONS = {"postgresql": _spare_on_postgresql, "sqlite": _none_on_sqlite}
