"""Break-glass: the columns of one document written by hand, where no button helps.

For a mistake that no guided action covers. It has its own permission, wants a
reason, and writes nothing but the row itself: what the database forbids stays
forbidden, and nothing that a service would do beside it is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, Field, JSONField
from django.forms import Textarea
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst

from stateset.lib.admin.action_pages import GuidedActionsMixin
from stateset.lib.admin.entry import FORMFIELD_OVERRIDES
from stateset.lib.admin.guided import GuidedAction, ReasonForm
from stateset.lib.errors import StatesetError
from stateset.lib.journal import business_transaction, document_edited
from stateset.lib.models import Document
from stateset.lib.seen import take_seen_version

BREAK_GLASS = "accounts.break_glass"
"""The permission; ``stateset.accounts`` declares it."""

NAME = "by-hand"
KEPT = ("version", "created_at", "updated_at")
PREFIX = "column-"
WARNING = (
    "Only for a mistake that no button mends. Nothing but these columns of this one"
    " row is written: no stock moves, no money is booked, no other document follows,"
    " and the books may no longer agree. What the database forbids stays forbidden."
    " Who did it, what was there before and the reason are kept for good."
)


class ByHandForm(ReasonForm):
    """Every column that the page of a document only shows, as it is, and why."""

    columns: Sequence[Field[Any, Any]] = ()

    def prepare(self) -> None:
        for column in self.columns:
            made = _box(column)
            made.initial = getattr(self.row, column.name)
            # A column with a callable default would compare with a hidden box.
            made.show_hidden_initial = False
            self.fields[PREFIX + column.name] = made
        self.order_fields([PREFIX + column.name for column in self.columns])

    def clean(self) -> dict[str, Any]:
        """Add what was typed otherwise than it is saved: column and value."""
        cleaned: dict[str, Any] = self.cleaned_data
        typed = {
            name.removeprefix(PREFIX): cleaned[name]
            for name in self.changed_data
            if name.startswith(PREFIX) and name in cleaned
        }
        return {**cleaned, "typed": typed}


class ByHandMixin(GuidedActionsMixin):
    """Offer to write a document by hand to those who hold ``BREAK_GLASS``."""

    event_prefix = ""
    """What the names of this document's events begin with, if not its own name."""

    def name_event(self, happened: str) -> str:
        """Return the name of an event of this document."""
        prefix = self.event_prefix or str(self.opts.verbose_name).replace(" ", "_")
        return f"{prefix}.{happened}"

    def action_named(
        self, request: HttpRequest, name: str, row: Any
    ) -> GuidedAction | None:
        if name == NAME and isinstance(row, Document):
            return self._by_hand(request, row)
        return super().action_named(request, name, row)

    def by_hand_url(self, request: HttpRequest, row: Any) -> str:
        """Return the address of the page, "" where it is not for this user or row."""
        is_offered = isinstance(row, Document) and request.user.has_perm(BREAK_GLASS)
        return self.named_url(row, NAME) if is_offered else ""

    def _by_hand(self, request: HttpRequest, row: Any) -> GuidedAction:
        columns = self._columns(request, row)
        return GuidedAction(
            NAME,
            "Edit anyway",
            self._write,
            warning=WARNING,
            form=type("ByHandForm", (ByHandForm,), {"columns": columns}),
            permission=BREAK_GLASS,
            is_dangerous=True,
        )

    def _columns(self, request: HttpRequest, row: Any) -> list[Field[Any, Any]]:
        form: Any = self.get_form(request, row, change=True)
        return [
            column
            for column in self.opts.concrete_fields
            if not (
                column.primary_key
                or column.is_relation
                or column.generated
                or column.name in KEPT
                or column.name in form.base_fields
            )
        ]

    def _write(self, row: Any, request: HttpRequest, data: Mapping[str, Any]) -> str:
        name = f"{capfirst(self.opts.verbose_name)} {row}"
        if not data["typed"]:
            raise StatesetError(
                f"{name} was not changed.",
                why="every box says what is saved already",
                fix="change a box, or go back",
            )
        write_by_hand(
            row,
            columns=data["typed"],
            reason=data["reason"],
            event_type=self.name_event("edited_by_hand"),
        )
        shown = ", ".join(column.replace("_", " ") for column in data["typed"])
        return f"{name} was edited by hand: {shown}."


def write_by_hand(
    row: Document, *, columns: Mapping[str, Any], reason: str, event_type: str
) -> None:
    """Write ``columns`` of the row as it was read, with audit and event.

    Raises StatesetError if somebody wrote the row meanwhile, and what the database
    raises if one of its rules forbids it.
    """
    take_seen_version(row)  # The statement below compares.
    was = {name: getattr(row, name) for name in columns}
    with business_transaction(reason=reason):
        written = (
            type(row)
            ._base_manager.filter(pk=row.pk, version=row.version)
            .update(**columns, version=F("version") + 1, updated_at=timezone.now())
        )
        if not written:
            raise StatesetError(
                f"{row} was not changed.",
                why="somebody else changed it a moment ago",
                fix="reload it and try again",
            )
        payload: dict[str, Any] = {
            "reason": reason,
            "changes": {
                name: [_as_json(was[name]), _as_json(columns[name])] for name in columns
            },
        }
        if "status" in columns:
            payload |= {"from": str(was["status"]), "to": str(columns["status"])}
        document_edited.send(
            sender=type(row), row=row, event_type=event_type, payload=payload
        )


def _as_json(value: Any) -> Any:
    """Return a value of a column as an event can carry it."""
    is_plain = value is None or isinstance(value, bool | int | str | list | dict)
    return value if is_plain else str(value)


def _box(column: Field[Any, Any]) -> Any:
    """Return the box for a column; it may stay empty where the column allows it."""
    given: dict[str, Any] = {}
    for kind in type(column).__mro__:
        given |= FORMFIELD_OVERRIDES.get(kind, {})
    if column.null or column.empty_strings_allowed or isinstance(column, JSONField):
        given["required"] = False
    box: Any = column.formfield(**given)
    if isinstance(box.widget, Textarea):
        box.widget.attrs["rows"] = 3
    return box
