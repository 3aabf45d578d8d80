from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from dbops.management.choices import not_on, span
from dbops.monitoring.activity import STATES
from dbops.monitoring.masking import shown_statement
from dbops.monitoring.termination import REFUSED, Choice, Ending, end_sessions
from dbops.values import Span
from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Row, Section

NONE = "{engine} has no sessions to end: end the process that has the file open"


class Command(StatesetCommand):
    help = "End sessions of the database: a plan by default, done with --apply."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "pid", nargs="*", type=int, help="The numbers that db_activity shows."
        )
        parser.add_argument(
            "--state", choices=tuple(STATES), default="", help="All that are in it."
        )
        parser.add_argument(
            "--older-than",
            type=span,
            metavar="TIME",
            help="And have been for so long, as 1h.",
        )
        parser.add_argument(
            "--cancel",
            action="store_true",
            help="Only cancel the statement they run; try this first.",
        )
        parser.add_argument(
            "--reason", required=True, help="Why; kept in the audit log."
        )
        parser.add_argument(
            "--apply", action="store_true", help="Do it; without, it is a plan."
        )

    def run(
        self,
        *,
        database: str,
        pid: list[int],
        state: str,
        older_than: timedelta | None,
        cancel: bool,
        reason: str,
        apply: bool,
        **_options: Any,
    ) -> Report:
        endings = end_sessions(
            Choice(pid, state, older_than),
            alias=database,
            cancel=cancel,
            reason=reason,
            apply=apply,
        )
        if endings is None:
            return Report(summary=not_on(database, NONE))
        refused = sum(ending.result == REFUSED for ending in endings)
        verb = "cancelled" if cancel else "ended"
        said = f"{len(endings) - refused} {'' if apply else 'to be '}{verb}"
        return Report(
            summary=f"Sessions: {said}, {refused} refused"
            + ("" if apply else "; add --apply to do it"),
            facts={"applied": apply},
            rows=[_facts(ending) for ending in endings],
            sections=(Section([_row(each) for each in endings], below="why"),),
            exit_code=1 if apply and refused else 0,
        )


def _facts(ending: Ending) -> Row:
    session = ending.session
    return {
        "pid": ending.pid,
        "started_at": session and session.started_at,
        "user": session and session.user,
        "app": session and session.app,
        "state": session and session.state,
        "lasts": session and session.seconds,
        "query": shown_statement(session.query) if session else None,
        "result": ending.result,
        "why": ending.why,
    }


def _row(ending: Ending) -> Row:
    session = ending.session
    seconds = session.seconds if session else None
    return {
        "pid": ending.pid,
        "user": session.user if session else "",
        "app": session.app if session else "",
        "state": (session.state if session else "") or "",
        "lasts": "" if seconds is None else Span(seconds),
        "result": ending.result,
        "why": ending.why or (shown_statement(session.query) if session else ""),
    }
