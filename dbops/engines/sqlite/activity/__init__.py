"""What goes on in an SQLite file: it has no server, and so neither sessions."""

from __future__ import annotations

from dbops.engines.sqlite.activity.health import read_health
from dbops.engines.verbs.activity import ActivityVerbs, Order
from dbops.engines.verbs.activity.health import Advice, Reading
from dbops.engines.verbs.activity.sessions import Session


class SqliteActivity(ActivityVerbs):
    """The verbs of what a server is doing, of which only health is left."""

    def readings(self) -> list[Reading]:
        return read_health(self.connection)

    def advice(self) -> list[Advice]:
        return []

    def sessions(self) -> None:
        return None

    def end_session(self, session: Session, *, cancel: bool) -> bool:
        return False

    def lock_picture(self) -> None:
        return None

    def statements(self, *, by: Order, limit: int) -> None:
        return None

    def replication(self) -> None:
        return None
