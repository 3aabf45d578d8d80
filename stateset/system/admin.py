"""The system's own tables: read, filtered and exported, never edited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from stateset.lib.admin import (
    ChoicesFilter,
    DateRangeFilter,
    GuidedAction,
    Preset,
    ReadOnlyAdmin,
    RelatedFilter,
    link_to,
    named,
    number,
    since,
    status_pill,
)
from stateset.system.erasure_admin import ErasureAdmin
from stateset.system.models import (
    AuditEntry,
    Event,
    NumberSequence,
    OutboxMessage,
)
from stateset.system.proof_admin import IntegrityRunAdmin, SealAdmin
from stateset.system.services.outbox import (
    discard_message,
    release_message,
    retry_message,
)

__all__ = ["ErasureAdmin", "IntegrityRunAdmin", "SealAdmin"]

Data = Mapping[str, Any]

OCCURRED = since("occurred_at", label="when")
EVENT = link_to("event")
MESSAGE_STATUS = status_pill()


def _retry(row: OutboxMessage, request: HttpRequest, data: Data) -> str:
    retry_message(row)
    return f"Message {row} is due again."


def _release(row: OutboxMessage, request: HttpRequest, data: Data) -> str:
    release_message(row)
    return f"Message {row} is due."


def _discard(row: OutboxMessage, request: HttpRequest, data: Data) -> str:
    discard_message(row)
    return f"Message {row} will not be delivered."


def _not_held(row: OutboxMessage) -> str:
    return "" if row.status == OutboxMessage.Status.HELD else "it is not on hold"


@admin.display(description="changes")
def changes_table(entry: AuditEntry) -> str:
    """Return the changes of an entry as a table of before and after."""
    rows = format_html_join(
        "",
        "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td></tr>",
        (
            (column, *(values if isinstance(values, list) else ("", values)))
            for column, values in sorted(entry.changes.items())
        ),
    )
    return format_html(
        "<table class='changes'><thead><tr><th scope='col'>Column</th>"
        "<th scope='col'>Before</th><th scope='col'>After</th></tr></thead>"
        "<tbody>{}</tbody></table>",
        rows,
    )


@admin.display(description="columns")
def name_changed_columns(entry: AuditEntry) -> str:
    """Return the names of the changed columns, as many as fit a line."""
    names = sorted(entry.changes)
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if names[4:] else "")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "event_type",
        "aggregate_type",
        "aggregate_id",
        named("actor"),
        OCCURRED,
    )
    list_filter = (("actor", RelatedFilter), ("occurred_at", DateRangeFilter))
    search_fields = ("event_type__startswith", "aggregate_id__exact")
    search_help_text = "Kind of event, or the key of a document"
    list_select_related = ("actor",)
    ordering = ("-id",)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """Messages on their way; a person decides on what failed or is on hold."""

    list_display = (
        "id",
        EVENT,
        "topic",
        MESSAGE_STATUS,
        number("attempts"),
        since("available_at", label="due"),
        since("delivered_at", label="delivered"),
    )
    list_filter = (("status", ChoicesFilter), ("created_at", DateRangeFilter))
    search_fields = ("partition_key__exact",)
    search_help_text = "The key of a document"
    list_select_related = ("event",)
    presets = (
        Preset("failed", "Failed", lambda rows: rows.filter(status="failed")),
        Preset("held", "On hold", lambda rows: rows.filter(status="held")),
        Preset("pending", "Waiting", lambda rows: rows.filter(status="pending")),
    )
    ordering = ("-id",)
    guided_actions = (
        GuidedAction(
            "retry",
            "Try again",
            _retry,
            explain="Receivers may see the message twice; they know it by its event.",
            refusal=lambda row: (
                "" if row.status == OutboxMessage.Status.FAILED else "it has not failed"
            ),
            permission="system.change_outboxmessage",
            in_bulk=True,
        ),
        GuidedAction(
            "release",
            "Release",
            _release,
            explain="A restore put it on hold, because it may have been delivered since"
            " the backup. Receivers know a message by its event.",
            refusal=_not_held,
            permission="system.change_outboxmessage",
            in_bulk=True,
        ),
        GuidedAction(
            "discard",
            "Discard",
            _discard,
            explain="It is never delivered. The event it tells of stays.",
            refusal=_not_held,
            permission="system.change_outboxmessage",
            in_bulk=True,
        ),
    )


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what, from what to what, and why."""

    list_display = (
        "id",
        since("created_at", label="when"),
        "action",
        "resource_type",
        name_changed_columns,
        "actor_label",
        "reason",
    )
    list_filter = (
        ("outcome", ChoicesFilter),
        ("actor", RelatedFilter),
        ("created_at", DateRangeFilter),
    )
    search_fields = (
        "resource_id__exact",
        "resource_type__exact",
        "request_id__exact",
    )
    search_help_text = "The key of a row, a table, or a request id"
    list_select_related = ("actor",)
    ordering = ("-id",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return (
            (
                None,
                {
                    "fields": (
                        ("action", "outcome"),
                        ("resource_type", "resource_id"),
                        changes_table,
                    )
                },
            ),
            (
                "Who and why",
                {
                    "fields": (
                        ("actor_label", "database_user"),
                        ("reason", "request_id"),
                        "created_at",
                    )
                },
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*super().get_readonly_fields(request, obj), changes_table)


@admin.register(NumberSequence)
class NumberSequenceAdmin(ReadOnlyAdmin):
    """The number each series of documents is at."""

    list_display = ("key", "next_value", "skipped")
    search_fields = ("key__startswith",)
    ordering = ("key",)
