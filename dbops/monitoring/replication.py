"""What there is to say about the copies of a database."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS

from dbops.engines.registry import get_engine
from dbops.engines.verbs.activity.replication import (
    Receiver,
    Replication,
    Sender,
    Slot,
)
from dbops.monitoring.results import WORST_FIRST, CheckResult, Status
from dbops.values import Size, Span

MIB = 1024**2
GIB = 1024**3
BEHIND_WARNING = 64 * MIB
BEHIND_CRITICAL = 512 * MIB
RETAINED_WARNING = GIB
RETAINED_CRITICAL = 10 * GIB
LOST = frozenset({"unreserved", "lost"})

Finding = tuple[Status, str]


def read_replication(alias: str = DEFAULT_DB_ALIAS) -> Replication | None:
    """Return senders, slots and receiver; None where the engine has no replicas."""
    return get_engine(alias).replication()


def check_replication(found: Replication) -> CheckResult:
    """Judge all copies in one verdict, the worst one first."""
    findings = list(_findings(found))
    findings.sort(key=lambda finding: WORST_FIRST.index(finding[0]))
    status = findings[0][0] if findings else "ok"
    hint = "db_replication shows each of them" if status in WORST_FIRST[:2] else ""
    return CheckResult(
        "replication",
        status,
        "; ".join(said for _, said in findings) or "no replica, and no slot",
        hint=found.remedy if status == "unknown" else hint,
        value=len(found.senders),
        unit="replicas",
    )


def _findings(found: Replication) -> Iterator[Finding]:
    if found.receiver is not None:
        yield _judge_receiver(found.receiver)
    for sender in found.senders:
        yield _judge_sender(sender)
    for slot in found.slots:
        yield _judge_slot(slot)


def _judge_receiver(receiver: Receiver) -> Finding:
    """Without a connection, all that is received is replayed: that is no lag of 0."""
    if receiver.is_connected is None:
        return "unknown", "a replica; its connection is hidden from this role"
    if not receiver.is_connected:
        last = (
            "never"
            if receiver.last_replay_seconds is None
            else (f"{Span(receiver.last_replay_seconds)} ago")
        )
        return "critical", f"a replica without its primary, last replayed {last}"
    behind = receiver.unreplayed_bytes or 0
    return _behind(behind), f"a replica, {Size(behind)} to replay"


def _judge_sender(sender: Sender) -> Finding:
    if sender.state is None or sender.unreplayed_bytes is None:
        return "unknown", f"{sender.app or 'a replica'} is hidden from this role"
    said = f"{sender.app} is {sender.state}, {Size(sender.unreplayed_bytes)} behind"
    if sender.state != "streaming":
        return "warning", said
    return _behind(sender.unreplayed_bytes), said


def _judge_slot(slot: Slot) -> Finding:
    kept = slot.retained_bytes or 0
    said = f"slot {slot.name} keeps {Size(kept)}"
    if slot.log_state in LOST:
        return "critical", f"{said}, its log is {slot.log_state}"
    if slot.is_active:
        return "ok", said
    said += " for nobody"
    if kept >= RETAINED_CRITICAL:
        return "critical", said
    return ("warning" if kept >= RETAINED_WARNING else "ok"), said


def _behind(size: int) -> Status:
    if size >= BEHIND_CRITICAL:
        return "critical"
    return "warning" if size >= BEHIND_WARNING else "ok"
