"""Who waits for whom, as trees: at each root stands the one that all wait for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db import DEFAULT_DB_ALIAS

from dbops.engines.registry import get_engine
from dbops.engines.verbs.activity.locks import PREPARED, LockPicture, LockWait
from dbops.engines.verbs.activity.sessions import Session


@dataclass(frozen=True)
class LockLine:
    """One session in a tree; ``wait`` is None at its root.

    ``session`` is None for a prepared transaction, which has none.
    """

    depth: int
    pid: int
    session: Session | None
    wait: LockWait | None


@dataclass(frozen=True)
class LockTrees:
    """All trees, line by line, and how to end what stands at their roots.

    ``remedies`` are statements for a DBA, for roots that no session is.
    """

    lines: Sequence[LockLine]
    waiting: int
    root_pids: Sequence[int]
    remedies: Sequence[str] = field(default_factory=list)
    hidden_remedy: str = ""


def read_lock_trees(alias: str = DEFAULT_DB_ALIAS) -> LockTrees | None:
    """Return who waits for whom; None where the engine has no lock table."""
    picture = get_engine(alias).lock_picture()
    return None if picture is None else lock_trees(picture)


def lock_trees(picture: LockPicture) -> LockTrees:
    """Arrange the waits; each session stands where it is met first, and once."""
    waits: dict[int, LockWait] = {}
    for wait in picture.waits:
        waits.setdefault(wait.pid, wait)
    roots = _roots(waits)
    seen: set[int] = set()
    lines = [line for root in roots for line in _below(root, picture, waits, seen, 0)]
    return LockTrees(
        lines=lines,
        waiting=len(waits),
        root_pids=[root for root in roots if root != PREPARED],
        remedies=list(picture.prepared.values()) if PREPARED in roots else [],
        hidden_remedy=picture.remedy,
    )


def _roots(waits: dict[int, LockWait]) -> list[int]:
    """Return who waits for nobody, in the order of the longest wait for them.

    In a circle everybody waits, until the server breaks it: any one of them serves.
    """
    blockers = [pid for wait in waits.values() for pid in wait.blockers]
    roots = [pid for pid in dict.fromkeys(blockers) if pid not in waits]
    reached = set[int]()
    for root in roots:
        _reach(root, waits, reached)
    for pid in waits:
        if pid not in reached:
            roots.append(pid)
            _reach(pid, waits, reached)
    return roots


def _reach(pid: int, waits: dict[int, LockWait], reached: set[int]) -> None:
    todo = [pid]
    while todo:
        current = todo.pop()
        if current not in reached:
            reached.add(current)
            todo += [wait.pid for wait in waits.values() if current in wait.blockers]


def _below(
    pid: int,
    picture: LockPicture,
    waits: dict[int, LockWait],
    seen: set[int],
    depth: int,
) -> Iterator[LockLine]:
    if pid in seen:
        return
    seen.add(pid)
    yield LockLine(depth, pid, picture.sessions.get(pid), waits.get(pid))
    for wait in waits.values():
        if pid in wait.blockers:
            yield from _below(wait.pid, picture, waits, seen, depth + 1)
