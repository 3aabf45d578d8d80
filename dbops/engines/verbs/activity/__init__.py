"""What goes on in a database: its health, settings, sessions, locks, statements."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

from dbops.engines.verbs.activity.health import Advice, Reading
from dbops.engines.verbs.activity.locks import LockPicture
from dbops.engines.verbs.activity.replication import Replication
from dbops.engines.verbs.activity.sessions import Session, Sessions
from dbops.engines.verbs.activity.statements import Statements
from dbops.engines.verbs.base import Verbs

Order = Literal["total", "mean"]


class ActivityVerbs(Verbs):
    """The verbs of what a server is doing.

    Each opens one short connection of its own, and reads in transactions that
    write nothing and give up after seconds. None says that the engine has no such
    thing. Raises DatabaseUnavailableError when the database does not answer.
    """

    @abstractmethod
    def readings(self) -> list[Reading]:
        """Measure what tells a healthy database from a sick one."""

    @abstractmethod
    def advice(self) -> list[Advice]:
        """Hold the settings against what the guide recommends."""

    @abstractmethod
    def sessions(self) -> Sessions | None:
        """Return who is connected to this database, the busiest first."""

    @abstractmethod
    def end_session(self, session: Session, *, cancel: bool) -> bool:
        """End a session, or cancel what it runs; return whether that was done.

        It is the session of that start only: one that took its number over since,
        or that is not a client's of this database, is left alone. Raises
        SessionRefusedError where the role may not.
        """

    @abstractmethod
    def lock_picture(self) -> LockPicture | None:
        """Return who waits for a lock, and who holds it."""

    @abstractmethod
    def statements(self, *, by: Order, limit: int) -> Statements | None:
        """Return which statements have cost most so far."""

    @abstractmethod
    def replication(self) -> Replication | None:
        """Return who copies this database, or whom it is a copy of."""
