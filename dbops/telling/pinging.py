"""The dead man's switch: somebody outside misses a ping that does not come."""

from __future__ import annotations

import logging
from functools import partial
from urllib.parse import urlsplit, urlunsplit

from dbops import conf
from dbops.telling.calling import TOTAL_SECONDS, call, within
from dbops.telling.words import scrub

FAIL = "/fail"

logger = logging.getLogger(__name__)


def ping(*, is_good: bool) -> None:
    """Say outside that a backup was made, or was not; never raises."""
    url = conf.ping_url()
    if not url:
        return
    target = url if is_good else fail_url(url)
    if why := within(TOTAL_SECONDS, partial(call, "GET", target)):
        told = scrub(why, conf.secrets())
        logger.warning("The ping after the backup was not taken: %s", told)


def fail_url(url: str) -> str:
    """Return the address beside it that says it failed, as healthchecks.io has it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + FAIL))
