"""What a page says when something is refused: what, why, how to mend it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError
from django.db.models import Model, ProtectedError, RestrictedError

from stateset.lib.constraints import broken_rule
from stateset.lib.errors import StatesetError

REFUSALS = (StatesetError, IntegrityError, DataError)
"""What a write raises for a person to read; ProtectedError is an IntegrityError."""

SHOWN_CAP = 1000


def sentences(error: Exception) -> str:
    """Return an error of ours, or one of the database, as sentences."""
    if isinstance(error, StatesetError):
        parts = [error.what]
        if error.why:
            parts.append(f"Why: {_closed(error.why)}")
        if error.fix:
            parts.append(f"What to do: {_closed(error.fix)}")
        return " ".join(parts)
    if isinstance(error, ProtectedError | RestrictedError):
        return (
            "Nothing was deleted. Why: other entries still refer to it. "
            "What to do: keep it and set it inactive, or remove those entries first."
        )
    if isinstance(error, DataError):
        return (
            "Nothing was saved. Why: a number, date or text does not fit its column."
            " What to do: check what you typed, above all for numbers of many digits."
        )
    return (
        f"Nothing was saved. Why: {_closed(broken_rule(error))} "
        "What to do: reload the page, compare, and save again."
    )


def blocking_rows(rows: Any, model: type[Model]) -> list[str]:
    """Return what protects ``rows`` from deletion, counted, no row loaded."""
    found = []
    for relation in model._meta.related_objects:
        other: Any = relation.related_model
        behaviour = getattr(relation, "on_delete", None)
        if getattr(behaviour, "__name__", "") not in ("PROTECT", "RESTRICT"):
            continue
        keys = [row.pk for row in rows]
        held = other._base_manager.filter(**{f"{relation.field.name}__in": keys})
        count = held.order_by().values("pk")[: SHOWN_CAP + 1].count()
        if count:
            found.append(f"{_counted(count, other)} (field “{_field_words(relation)}”)")
    return found


def _counted(count: int, model: Any) -> str:
    options = model._meta
    if count > SHOWN_CAP:
        return f"more than {SHOWN_CAP:,} {options.verbose_name_plural}"
    name = options.verbose_name if count == 1 else options.verbose_name_plural
    return f"{count:,} {name}"


def _field_words(relation: Any) -> str:
    return str(relation.field.verbose_name)


def _closed(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


class RefusedFormMixin:
    """A form that was refused by what its save called; shown again as typed."""

    refusal = ""

    def clean(self) -> dict[str, Any]:
        raise ValidationError(self.refusal, code="refused")
