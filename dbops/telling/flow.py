"""Tell those who are to know what is wrong: once, again each day, and when it is over.

Whoever has looked at something says what was bad and what was well; what of it is news
is decided here. Nothing raises: what is told of must not fail by the telling.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from dbops import conf
from dbops.errors import TellingFailedError
from dbops.telling.memory import Remembered, remembering
from dbops.telling.sending import send, ways
from dbops.telling.troubles import News, Trouble, find_news, mark_told, note
from dbops.telling.words import word_news, word_state

NEXT_TRY_AFTER = timedelta(minutes=4)
"""Less than lies between two looks at health: each tries again what was not taken."""

logger = logging.getLogger(__name__)


def tell(
    *,
    bad: Iterable[Trouble] = (),
    well: Collection[str] = (),
    now: datetime | None = None,
) -> None:
    """Tell what of this is news; ``well`` are keys of what is not bad any more.

    What nobody could be told is news the next time.
    """
    if not ways():
        return
    try:
        with remembering() as remembered:
            _tell(remembered, list(bad), well, now or timezone.now())
    except OSError as error:
        told = "What was told is not kept, so it is told again or not at all: %s"
        logger.warning(told, error)


def tell_state(subject: str, paragraphs: Iterable[str]) -> list[str]:
    """Tell what somebody asked to be told now; return the ways by which it went.

    Raises TellingFailedError where there is no way, or one failed.
    """
    message = word_state(
        subject,
        list(paragraphs),
        environment=conf.environment(),
        now=timezone.now(),
    )
    came = send(message)
    try:
        with remembering() as remembered:
            remembered.failures = _failures(came)
    except OSError as error:
        logger.warning("It is not kept what came of it: %s", error)
    if not came:
        raise TellingFailedError(
            "Nobody was told.",
            why="there is nobody to tell",
            fix="set APP__ADMINS and APP__EMAIL_URL, or APP__WEBHOOK_URL",
        )
    if failed := _failures(came):
        raise TellingFailedError(
            f"It was not told by {' nor by '.join(failed)}.",
            why="; ".join(f"{way}: {why}" for way, why in failed.items()),
            fix="correct APP__EMAIL_URL or APP__WEBHOOK_URL, or mend that server",
        )
    return list(came)


def _tell(
    remembered: Remembered, bad: list[Trouble], well: Collection[str], now: datetime
) -> None:
    seen = {trouble.key for trouble in bad}
    untold = _names(find_news(remembered.memory, (), now))
    remembered.memory = note(remembered.memory, bad, well, now)
    news = find_news(remembered.memory, seen, now)
    tried_at = remembered.tried_at
    if _names(news) <= untold and tried_at and now - tried_at < NEXT_TRY_AFTER:
        # A server that hangs must not hold up every run that goes well.
        return
    if not news:
        return
    remembered.tried_at = now
    came = send(word_news(news, environment=conf.environment(), now=now))
    remembered.failures = _failures(came)
    if len(remembered.failures) < len(came):
        remembered.memory = mark_told(remembered.memory, news, now)


def _names(news: Iterable[News]) -> set[tuple[str, str]]:
    return {(each.kind, each.known.trouble.key) for each in news}


def _failures(came: dict[str, str]) -> dict[str, str]:
    return {way: why for way, why in came.items() if why}
