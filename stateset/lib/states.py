"""State machines as data: one mapping a model, one check."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from django.db import models

from stateset.lib.errors import StatesetError

Transitions = Mapping[str, AbstractSet[str]]
"""From each status to those it may be followed by; a missing key is terminal."""


class InvalidTransitionError(StatesetError):
    """The status asked for does not follow the present one."""


def legal_next(row: models.Model) -> AbstractSet[str]:
    """Return the statuses that may follow the present one of ``row``."""
    transitions: Transitions = getattr(row, "TRANSITIONS", {})
    return transitions.get(str(getattr(row, "status", "")), frozenset())


def require_transition(row: models.Model, to: str) -> None:
    """Raise InvalidTransitionError unless ``to`` may follow the row's status."""
    allowed = legal_next(row)
    if to in allowed:
        return
    name = row._meta.verbose_name
    raise InvalidTransitionError(
        f"{str(name).capitalize()} {row} was not changed to {to}.",
        why=f"it is {getattr(row, 'status', '')}",
        fix="reload the page; from here it can become "
        + (", ".join(sorted(allowed)) or "nothing else"),
    )
