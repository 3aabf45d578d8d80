"""What the pages of the inventory show."""

from __future__ import annotations

from typing import Any


def listed(response: Any) -> list[str]:
    """Return the rows of a list, as they are called."""
    return [str(row) for row in response.context["cl"].result_list]


def buttons(response: Any) -> list[str]:
    """Return what may be done to a row now, by this user."""
    return [button["label"] for button in response.context["buttons"]]


def mistakes(response: Any) -> list[str]:
    """Return what the boxes of a form and its lines are said to have wrong."""
    return [str(words) for each in response.context["errors"] for words in each]
