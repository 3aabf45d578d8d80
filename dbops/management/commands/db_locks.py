from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.management.choices import count, not_on
from dbops.management.watching import WatchedCommand
from dbops.monitoring.locks import LockLine, LockTrees, read_lock_trees
from dbops.monitoring.masking import shown_statement
from dbops.values import Span
from stateset.lib.reports import Report, Row, Section

NONE = "{engine} has one lock, on the whole file: one writer at a time, others wait"
END = "python manage.py db_terminate {pids} --reason TEXT --apply"


class Command(WatchedCommand):
    help = "Show who waits for whose lock, as a tree; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--limit", type=count, help="At most so many lines.")

    def look(self, *, database: str, limit: int | None, **_options: Any) -> Report:
        trees = read_lock_trees(database)
        if trees is None:
            return Report(summary=not_on(database, NONE))
        lines = trees.lines[:limit]
        return Report(
            summary=_summary(trees),
            facts={
                "waiting": trees.waiting,
                "root_pids": trees.root_pids,
                "remedies": trees.remedies,
            },
            rows=[_facts(line) for line in lines],
            sections=(Section([_row(line) for line in lines], below="query"),),
            last_line=END.format(pids=" ".join(map(str, trees.root_pids)))
            if trees.root_pids
            else "",
        )


def _summary(trees: LockTrees) -> str:
    if not trees.waiting:
        return "Nobody waits for a lock"
    waiting = f"{trees.waiting} session{'s wait' if trees.waiting > 1 else ' waits'}"
    parts = [f"{waiting} for a lock"]
    if trees.remedies:
        parts.append(
            f"a prepared transaction is in the way: {'; '.join(trees.remedies)}"
        )
    if trees.hidden_remedy:
        parts.append(f"to see who they are: {trees.hidden_remedy}")
    if trees.root_pids:
        parts.append("to end who stands at the root:")
    return "; ".join(parts)


def _facts(line: LockLine) -> Row:
    session, wait = line.session, line.wait
    return {
        "depth": line.depth,
        "pid": line.pid,
        "user": session and session.user,
        "app": session and session.app,
        "state": session and session.state,
        "blocked_by": list(wait.blockers) if wait else [],
        "locktype": wait.locktype if wait else "",
        "relation": wait.relation if wait else "",
        "mode": wait.mode if wait else "",
        "waits": wait.seconds if wait else None,
        "for": _target(line),
        "query": shown_statement(session.query) if session else None,
    }


def _row(line: LockLine) -> Row:
    session, wait = line.session, line.wait
    prepared = "a prepared transaction, which has no session"
    return {
        "pid": f"{'  ' * (line.depth - 1)}└ {line.pid}"
        if line.depth
        else str(line.pid),
        "user": session.user if session else "",
        "state": session.state if session else "prepared",
        "waits": Span(wait.seconds) if wait else "-",
        "for": _target(line),
        "query": shown_statement(session.query) if session else prepared,
    }


def _target(line: LockLine) -> str:
    wait = line.wait
    if wait is None:
        return "nobody"
    kind = "row" if wait.locktype in {"transactionid", "tuple"} else wait.locktype
    return f"{kind} {wait.relation} {wait.mode.removesuffix('Lock')}".replace("  ", " ")
