"""Which of several versions of a small object is the newest: each says so itself.

The times of the places are no help. Each goes by a clock of its own, a bucket by whole
seconds, and what was copied or brought back from a tape looks new.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

REWRITTEN = re.compile(r"(?:journal|pin)_\w+\.json")
"""What is put again under the same name: a restore as it goes on, a pin taken back."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)

Version = tuple[datetime, datetime, int]


def newest_version(contents: Iterable[bytes]) -> bytes:
    """Return the newest of them, the first of those that are the same."""
    return max(contents, key=version_of)


def version_of(content: bytes) -> Version:
    """Return what is larger for a newer version; least is what cannot be read.

    A restore that has ended is newer than one that has not, then the later time
    counts, and of one time the longer one: a record grows until it ends.
    """
    try:
        values = json.loads(content)
        begun = values.get("at") or values.get("asked_at") or values.get("began_at")
        return _moment(values.get("finished_at")), _moment(begun), len(content)
    except (ValueError, AttributeError):
        return LONG_AGO, LONG_AGO, 0


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return LONG_AGO
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
