"""Guided actions: a button, a page that asks, one service call, a plain answer.

An action is declared once and shown where it is allowed: on the form of a row, and
for many rows in the list (``in_bulk``) with a preview of what would be skipped.
It runs by POST only, once per page shown (a second click does nothing), on the
version that the page showed, with the permission checked again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest

from stateset.lib.admin import theme
from stateset.lib.states import legal_next


class ActionForm(forms.Form):
    """What an action asks for; ``row`` is the row it is about, None in bulk."""

    def __init__(self, *args: Any, row: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self.prepare()
        theme.dress(self)

    def prepare(self) -> None:
        """Set limits and choices that depend on ``row``."""


class ReasonForm(ActionForm):
    """An action that wants to know why; the reason goes into the audit trail."""

    reason = forms.CharField(
        max_length=255, help_text="Kept in the audit trail, for whoever asks later."
    )


@dataclass(frozen=True)
class GuidedAction:
    """One thing a person may do to a row.

    ``perform(row, request, data)`` calls one service and returns what to say.
    ``refusal(row)`` returns why not (then no button is shown), "" where it may.
    ``hindrance(row)`` returns what is in the way for now: the button stays, and its
    page says it in place of the form.
    ``permission`` is ``change`` (of this model) or a full name: ``finance.refund``.
    ``facts(row)`` returns the lines of label and value shown before confirming.
    ``warning`` stands over the form, as what must not be overlooked.
    """

    name: str
    label: str
    perform: Callable[[Any, HttpRequest, Mapping[str, Any]], str | None]
    explain: str = ""
    warning: str = ""
    form: type[ActionForm] = ActionForm
    refusal: Callable[[Any], str] = lambda row: ""
    hindrance: Callable[[Any], str] = lambda row: ""
    permission: str = "change"
    facts: Callable[[Any], Iterable[tuple[str, Any]]] = lambda row: ()
    is_dangerous: bool = False
    in_bulk: bool = False

    def why_not(self, row: Any) -> str:
        """Return why it may not be done to ``row`` now, "" where it may."""
        return self.refusal(row) or self.hindrance(row)


@dataclass
class Plan:
    """What a bulk action would do: the rows it may touch, and those it skips."""

    ready: list[Any] = field(default_factory=list)
    skipped: list[tuple[Any, str]] = field(default_factory=list)
    is_cut: bool = False
    """Whether more were chosen than are taken at once."""


def leads_to(status: str) -> Callable[[Any], str]:
    """Return a ``refusal`` that allows exactly the rows that may become ``status``."""

    def refusal(row: Any) -> str:
        if status in legal_next(row):
            return ""
        shown = getattr(row, "get_status_display", lambda: row.status)()
        return f"it is {str(shown).lower()}"

    return refusal


def only_from(*statuses: str) -> Callable[[Any], str]:
    """Return a ``refusal`` of rows in any other status."""

    def refusal(row: Any) -> str:
        if row.status in statuses:
            return ""
        return f"it is {row.get_status_display().lower()}"

    return refusal


def make_plan(action: GuidedAction, rows: Iterable[Any]) -> Plan:
    """Sort rows into those that ``action`` may touch and those it must skip."""
    plan = Plan()
    for row in rows:
        reason = action.why_not(row)
        if reason:
            plan.skipped.append((row, reason))
        else:
            plan.ready.append(row)
    return plan


def may_perform(
    model_admin: Any, request: HttpRequest, action: GuidedAction, row: Model | None
) -> bool:
    """Return whether this user may do ``action`` to ``row`` (None: to any)."""
    if not model_admin.has_view_permission(request, row):
        return False
    if "." in action.permission:
        return request.user.has_perm(action.permission)
    check = getattr(model_admin, f"has_{action.permission}_permission")
    return bool(check(request, row))


def find_action(actions: Sequence[GuidedAction], name: str) -> GuidedAction | None:
    """Return the declared action of that name, if there is one."""
    return next((action for action in actions if action.name == name), None)
