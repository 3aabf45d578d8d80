"""What an operation leaves in the journal: success or failure, never a stumble."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stateset.lib import journal
from stateset.lib.errors import StatesetError

LABEL_CHARACTERS = 255

logger = logging.getLogger(__name__)


@contextmanager
def journaled(
    action: str, *, reason: str = "", subject: str = "backup"
) -> Iterator[dict[str, Any]]:
    """Record the block's outcome; it fills in ``id`` and what else is worth keeping.

    An ``outcome`` that it fills in says more than that nothing was raised.

    A sink that fails is logged and passed over: the operation is done either way,
    and it must work when the site's own database does not.
    """
    details: dict[str, Any] = {}
    with journal.acting(**({"reason": reason} if reason else {})):
        try:
            yield details
        except StatesetError as error:
            details |= {"what": error.what, "why": error.why}
            _record(action, subject, "error", details)
            raise
        outcome = str(details.pop("outcome", "success"))
        _record(action, subject, outcome, details)


def _record(action: str, subject: str, outcome: str, details: dict[str, Any]) -> None:
    resource_id = str(details.pop("id", ""))
    entry = journal.Entry(action, subject, resource_id, outcome, details)
    try:
        # What a person typed has no user of the site; the login stands for it.
        with journal.acting(actor_label=journal.who_acts()[:LABEL_CHARACTERS]):
            journal.record(entry)
    except Exception as error:  # noqa: BLE001 -- a sink may raise anything
        why = next(iter(str(error).splitlines()), type(error).__name__)
        logger.warning("The journal has no entry for %s: %s", action, why)
