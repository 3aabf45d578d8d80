from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.activity.sessions import Session, Sessions
from dbops.management.choices import count, not_on, span
from dbops.management.watching import WatchedCommand
from dbops.monitoring.activity import STATES, is_hidden, read_activity
from dbops.values import Span
from stateset.lib.reports import UNKNOWN, Report, Row, Section

NONE = "{engine} keeps no sessions: it has no server, each process opens the file"


class Command(WatchedCommand):
    help = "Show who is connected to the database, and what they do; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--state", choices=tuple(STATES), default="", help="Only sessions in it."
        )
        parser.add_argument(
            "--longer-than",
            type=span,
            metavar="TIME",
            help="Only those that have been in their state so long, as 5s.",
        )
        parser.add_argument(
            "--limit", type=count, help="At most so many, the busiest first."
        )
        parser.add_argument(
            "--text",
            action="store_true",
            dest="with_values",
            help="Show statements whole, with the values in them: personal data.",
        )

    def look(
        self,
        *,
        database: str,
        state: str,
        longer_than: timedelta | None,
        limit: int | None,
        with_values: bool,
        **_options: Any,
    ) -> Report:
        found = read_activity(
            database, state=state, longer_than=longer_than, with_values=with_values
        )
        if found is None:
            return Report(summary=not_on(database, NONE))
        rows = found.rows[:limit]
        return Report(
            summary=_summary(found),
            facts={
                "used": found.used,
                "limit": found.limit,
                "remedy": found.remedy,
            },
            rows=[_facts(session) for session in rows],
            sections=(Section([session_row(each) for each in rows], below="query"),),
        )


def _facts(session: Session) -> Row:
    facts = asdict(session)
    return {**facts, "lasts": facts.pop("seconds")}


def session_row(session: Session) -> Row:
    return {
        "pid": session.pid,
        "user": session.user,
        "app": session.app,
        "state": session.state or (UNKNOWN if is_hidden(session) else session.kind),
        "lasts": None if session.seconds is None else Span(session.seconds),
        "wait": UNKNOWN if is_hidden(session) else session.wait,
        "query": "hidden from this role" if is_hidden(session) else session.query or "",
    }


def _summary(found: Sessions) -> str:
    states = Counter(session.state or UNKNOWN for session in found.rows)
    counted = ", ".join(f"{number} {state}" for state, number in states.items())
    text = f"{len(found.rows)} sessions{f' ({counted})' if counted else ''};"
    text += f" {found.used} of {found.limit} connections of the server are used"
    hidden = any(is_hidden(session) for session in found.rows)
    return f"{text}\nTo see other roles' sessions: {found.remedy}" if hidden else text
