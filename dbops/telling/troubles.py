"""What is wrong, and what of it is news: told once, each day again, and when over.

Nothing here reads a clock or a file, or sends anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

AGAIN_AFTER = timedelta(days=1)
FORGOTTEN_AFTER = timedelta(days=2)
MOST_CHARACTERS = 2000
BEGAN, GOES_ON, OVER = "began", "goes on", "over"


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong; ``key`` says which, whatever is said of it.

    ``title`` is a few words, as "backup-daily failed"; ``name`` what it is about. What
    ``happened`` is told once and never called over.
    """

    key: str
    name: str
    title: str
    what: str = ""
    why: str = ""
    fix: str = ""
    happened: bool = False


@dataclass(frozen=True)
class Known:
    """A trouble as it is remembered; it is news until somebody was told."""

    trouble: Trouble
    began_at: datetime
    told_at: datetime | None = None
    over_at: datetime | None = None


@dataclass(frozen=True)
class News:
    """One thing to tell of a trouble: that it began, goes on, or is over."""

    kind: str
    known: Known


Memory = dict[str, Known]


def note(
    memory: Memory, bad: Iterable[Trouble], well: Collection[str], now: datetime
) -> Memory:
    """Return what is known after a look that found ``bad``, and ``well`` by key.

    What is in neither stays as it was: nobody looked at it.
    """
    after = {
        key: known
        for key, known in memory.items()
        if not (known.trouble.happened and _is_past(known, now))
    }
    for trouble in map(_shortened, bad):
        known = after.get(trouble.key, Known(trouble, now))
        after[trouble.key] = replace(known, trouble=trouble, over_at=None)
    for key in well:
        if key in after and after[key].over_at is None:
            after[key] = replace(after[key], over_at=now)
    return after


def find_news(memory: Memory, seen: Collection[str], now: datetime) -> list[News]:
    """Return what nobody was told yet, and what was ``seen`` again after a day."""
    news = []
    for known in memory.values():
        if known.over_at is not None:
            news.append(News(OVER, known))
        elif known.told_at is None:
            news.append(News(BEGAN, known))
        elif (
            known.trouble.key in seen
            and not known.trouble.happened
            and now - known.told_at >= AGAIN_AFTER
        ):
            news.append(News(GOES_ON, known))
    return news


def mark_told(memory: Memory, news: Iterable[News], now: datetime) -> Memory:
    """Return what is known when somebody was told of it; what is over is forgotten."""
    after = dict(memory)
    for each in news:
        key = each.known.trouble.key
        if each.kind == OVER:
            del after[key]
        else:
            after[key] = replace(each.known, told_at=now)
    return after


def _shortened(trouble: Trouble) -> Trouble:
    """Cut what a program may have said at length; the log has it whole."""
    what, why, fix = map(_cut, (trouble.what, trouble.why, trouble.fix))
    return replace(trouble, what=what, why=why, fix=fix)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]} […]"


def _is_past(known: Known, now: datetime) -> bool:
    return known.told_at is not None and now - known.told_at > FORGOTTEN_AFTER
