"""The timeline on the page of a document: what happened, who did it, when and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import CharField, F, Model, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from stateset.lib.admin import theme
from stateset.lib.admin.columns import meaning_of, pill, time_tag
from stateset.lib.models import Document, number_field
from stateset.lib.timeline import Happening, Link, Subject, further_reading, happenings

SHOWN = 50
MOST_PARTS = 200
UNTOLD = {"from", "to", "reason", "number", "changes", "currency"}
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AMOUNT = re.compile(r"(-?\d+\.\d\d)(\d*?)0*")


@dataclass(frozen=True)
class Part:
    """A document whose events are told on the page of the one it belongs to."""

    kind: str
    name: str
    url: str


@dataclass(frozen=True)
class Told:
    """One happening in the words of the page; ``part`` where it is not its own."""

    words: str
    by: str
    at: SafeString
    exact: str
    reason: str
    was: SafeString | str
    now: SafeString | str
    facts: Sequence[tuple[str, str]]
    part: Part | None


@dataclass(frozen=True)
class Timeline:
    """What the page of a document shows: the newest, and where the rest is."""

    entries: Sequence[Told]
    is_cut: bool
    links: Sequence[Link]


class TimelineMixin(theme.ModelAdmin):
    """Tell the events of a document, and of the documents that belong to it.

    ``told_on`` names foreign keys: what happens to a row here is also told on the
    page of the row that the key names, to whoever may see both.
    """

    told_on: Sequence[str] = ()

    def timeline(self, request: HttpRequest, row: Model) -> Timeline | None:
        """Return what happened to ``row``; None for rows that are no documents."""
        if not isinstance(row, Document):
            return None
        parts = self._parts(request, row)
        own = (str(self.opts.model_name), row.pk)
        found = happenings([own, *parts], SHOWN + 1)
        if not found and not row.TRANSITIONS:
            return None
        told = [_told(each, parts.get(each.subject), row) for each in found[:SHOWN]]
        return Timeline(told, len(found) > SHOWN, further_reading(row, request))

    def _parts(self, request: HttpRequest, row: Model) -> dict[Subject, Part]:
        """Return the documents that belong to ``row``, in one statement."""
        queries = [
            _keys(page.model, name, row)
            for page, name in self._told_here()
            if page.has_view_permission(request)
        ]
        if not queries:
            return {}
        found = queries[0].union(*queries[1:], all=True)[:MOST_PARTS]
        return {
            (kind, key): _part(_models()[kind], key, name) for kind, key, name in found
        }

    def _told_here(self) -> Iterator[tuple[Any, str]]:
        for page in self.admin_site._registry.values():
            for name in getattr(page, "told_on", ()):
                if page.opts.get_field(name).related_model is self.model:
                    yield page, name


def _keys(model: type[Model], foreign_key: str, row: Model) -> Any:
    number = number_field(model)
    rows = model._base_manager.filter(**{foreign_key: row.pk}).order_by()
    return rows.values_list(
        Value(model._meta.model_name, output_field=CharField()),
        F("pk"),
        F(number.name) if number else Value("", output_field=CharField()),
    )


def _part(model: type[Model], key: Any, name: str) -> Part:
    options = model._meta
    url = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[key])
    return Part(str(capfirst(options.verbose_name)), name, url)


@cache
def _models() -> dict[str, type[Model]]:
    """Return the documents by the name that events give them."""
    return {
        str(model._meta.model_name): model
        for model in apps.get_models()
        if issubclass(model, Document)
    }


@cache
def _choices(kind: str) -> Mapping[str, str]:
    """Return the words of every choice a document has, those of its status first."""
    words: dict[str, str] = {}
    model = _models().get(kind)
    fields = model._meta.concrete_fields if model else ()
    for field in sorted(fields, key=lambda field: field.name != "status"):
        for value, label in field.flatchoices:
            words.setdefault(str(value), str(label))
    return words


def _told(happening: Happening, part: Part | None, row: Model) -> Told:
    kind = happening.subject[0]
    was, now = (happening.facts.get(side) for side in ("from", "to"))
    is_change = isinstance(was, str) and isinstance(now, str) and was != now
    return Told(
        words=str(capfirst(_words(happening.name.rpartition(".")[2]))),
        by=happening.by,
        at=time_tag(happening.at),
        exact=f"{happening.at:%Y-%m-%d %H:%M} UTC",
        reason=happening.reason,
        was=_pill(kind, str(was)) if is_change else "",
        now=_pill(kind, str(now)) if is_change else "",
        # What the page and the link say already is not said again.
        facts=[
            (label, text)
            for label, text in _facts(happening.facts)
            if text not in (str(row), part.name if part else "")
        ],
        part=part,
    )


def _pill(kind: str, value: str) -> SafeString:
    words = _choices(kind).get(value) or str(capfirst(_words(value)))
    return pill(words, meaning_of(value))


def _facts(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for column, (was, now) in payload.get("changes", {}).items():
        before, after = (_plain(value) or "empty" for value in (was, now))
        yield str(capfirst(_words(column))), f"{before} → {after}"
    # PostgreSQL keeps no order of them.
    for name, value in sorted(payload.items()):
        if name in UNTOLD or name.endswith("_id"):
            continue
        if text := _plain(value):
            yield str(capfirst(_words(name))), text


def _plain(value: Any) -> str:
    """Return a value in words, "" for what only a program can read."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        if all(isinstance(each, str) for each in value):
            return ", ".join(map(_words, value))
        return ""
    if isinstance(value, dict):
        pairs = [(name, _plain(each)) for name, each in value.items()]
        return ", ".join(f"{name} {text}" for name, text in pairs if text)
    text = "" if value is None else str(value)
    if KEY.fullmatch(text):
        return ""
    amount = AMOUNT.fullmatch(text)
    return amount[1] + amount[2] if amount else text


def _words(name: str) -> str:
    return name.replace("_", " ")
