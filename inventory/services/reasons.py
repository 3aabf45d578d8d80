"""Undoing and stopping need a reason; an empty one explains nothing later."""

from __future__ import annotations

from inventory.errors import ReasonMissingError


def require_reason(reason: str, refused: str) -> None:
    """Raise ReasonMissingError, saying what was ``refused``, without a reason."""
    if reason.strip():
        return
    raise ReasonMissingError(
        refused,
        why="no reason was given",
        fix="say why in a few words; it is kept with the document",
    )
