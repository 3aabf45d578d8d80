from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dbops.engines.verbs.activity.replication import Receiver, Sender, Slot
from dbops.management.choices import count, not_on
from dbops.management.watching import WatchedCommand
from dbops.monitoring.replication import check_replication, read_replication
from dbops.values import Size, Span
from stateset.lib.reports import Report, Row, Section

NONE = "{engine} has no replicas: its backups are its copies"


class Command(WatchedCommand):
    help = "Show replicas and slots of a primary, or how a replica follows its own."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--limit", type=count, help="At most so many replicas, and slots."
        )

    def look(self, *, database: str, limit: int | None, **_options: Any) -> Report:
        found = read_replication(database)
        if found is None:
            return Report(summary=not_on(database, NONE))
        verdict = check_replication(found)
        senders, slots = found.senders[:limit], found.slots[:limit]
        receivers = [found.receiver] if found.receiver else []
        return Report(
            summary=f"{verdict.status}: {verdict.message}",
            facts={
                "status": verdict.status,
                "is_replica": found.receiver is not None,
                "receiver": found.receiver and _receiver(found.receiver),
                "senders": [_facts(each) for each in senders],
                "slots": [_slot(each) for each in slots],
                "remedy": found.remedy,
            },
            sections=(
                Section([_receiver(each) for each in receivers], title="This replica"),
                Section([_sender(each) for each in senders], title="Replicas"),
                Section([_slot(each) for each in slots], title="Slots"),
            ),
        )


def _size(value: int | None) -> Size | None:
    return None if value is None else Size(value)


def _span(value: float | None) -> Span | None:
    return None if value is None else Span(value)


def _receiver(receiver: Receiver) -> Row:
    return {
        "connected": receiver.is_connected,
        "primary": receiver.primary,
        # Nothing is known of what was not received.
        "to_replay": _size(receiver.unreplayed_bytes)
        if receiver.is_connected
        else None,
        "last_message": _span(receiver.last_message_seconds),
        "last_replay": _span(receiver.last_replay_seconds),
    }


def _sender(sender: Sender) -> Row:
    return {
        "replica": sender.app,
        "client": sender.client,
        "state": sender.state,
        "sync": sender.sync,
        "unsent": _size(sender.unsent_bytes),
        "unflushed": _size(sender.unflushed_bytes),
        "behind": _size(sender.unreplayed_bytes),
    }


def _facts(sender: Sender) -> Row:
    return {
        **_sender(sender),
        "unwritten": sender.unwritten_bytes,
        "replay": sender.replay_seconds,
    }


def _slot(slot: Slot) -> Row:
    return {
        "slot": slot.name,
        "kind": slot.kind,
        "active": slot.is_active,
        "keeps": _size(slot.retained_bytes),
        "log": slot.log_state,
    }
