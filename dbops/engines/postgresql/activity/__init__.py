"""What goes on in a PostgreSQL server, from its statistics views."""

from __future__ import annotations

from dbops.engines.postgresql.activity.health import read_health
from dbops.engines.postgresql.activity.locks import read_locks
from dbops.engines.postgresql.activity.reading import monitor
from dbops.engines.postgresql.activity.replication import read_replication
from dbops.engines.postgresql.activity.sessions import end_session, read_sessions
from dbops.engines.postgresql.activity.settings import read_advice
from dbops.engines.postgresql.activity.statements import read_statements
from dbops.engines.verbs.activity import ActivityVerbs, Order
from dbops.engines.verbs.activity.health import Advice, Reading
from dbops.engines.verbs.activity.locks import LockPicture
from dbops.engines.verbs.activity.replication import Replication
from dbops.engines.verbs.activity.sessions import Session, Sessions
from dbops.engines.verbs.activity.statements import Statements


class PostgresqlActivity(ActivityVerbs):
    """The verbs of what a server is doing."""

    def readings(self) -> list[Reading]:
        with monitor(self.connection) as reader:
            return read_health(reader)

    def advice(self) -> list[Advice]:
        with monitor(self.connection) as reader:
            return read_advice(reader)

    def sessions(self) -> Sessions:
        with monitor(self.connection) as reader:
            return read_sessions(reader)

    def end_session(self, session: Session, *, cancel: bool) -> bool:
        with monitor(self.connection) as reader:
            return end_session(reader, session, cancel=cancel)

    def lock_picture(self) -> LockPicture:
        with monitor(self.connection) as reader:
            return read_locks(reader)

    def statements(self, *, by: Order, limit: int) -> Statements:
        with monitor(self.connection) as reader:
            return read_statements(reader, by=by, limit=limit)

    def replication(self) -> Replication:
        with monitor(self.connection) as reader:
            return read_replication(reader)
