from __future__ import annotations

from collections.abc import Sequence

import pytest

from dbops.engines.verbs.activity.replication import (
    Receiver,
    Replication,
    Sender,
    Slot,
)
from dbops.monitoring.replication import check_replication, read_replication
from dbops.monitoring.results import CheckResult
from tests.dbops.shop import ALIAS, Shop

MIB = 1024**2
GIB = 1024**3


def make_sender(state: str | None, behind: int | None) -> Sender:
    return Sender("db-2", None, state, "async", 0, 0, 0, behind, 0.1)


def make_slot(kept: int, *, is_active: bool = False, log: str = "reserved") -> Slot:
    return Slot("db_2", "physical", is_active, kept, log)


def make_receiver(
    *, is_connected: bool | None, behind: int = 0, replayed: float | None = 90.0
) -> Receiver:
    return Receiver(is_connected, "db-1", behind, 1.0, replayed)


def verdict(
    *,
    senders: Sequence[Sender] = (),
    slots: Sequence[Slot] = (),
    receiver: Receiver | None = None,
) -> tuple[str, str]:
    found = check_replication(Replication(senders, slots, receiver))
    return found.status, found.message


def test_a_server_alone_is_no_trouble() -> None:
    assert check_replication(Replication()) == CheckResult(
        "replication", "ok", "no replica, and no slot", value=0, unit="replicas"
    )


@pytest.mark.parametrize(
    ("sender", "status", "message"),
    [
        (make_sender("streaming", 0), "ok", "db-2 is streaming, 0 B behind"),
        (
            make_sender("streaming", 64 * MIB),
            "warning",
            "db-2 is streaming, 64.0 MiB behind",
        ),
        (
            make_sender("streaming", 512 * MIB),
            "critical",
            "db-2 is streaming, 512.0 MiB behind",
        ),
        (make_sender("catchup", 0), "warning", "db-2 is catchup, 0 B behind"),
        (make_sender(None, None), "unknown", "db-2 is hidden from this role"),
    ],
)
def test_a_replica_is_judged_by_bytes(
    sender: Sender, status: str, message: str
) -> None:
    assert verdict(senders=[sender]) == (status, message)


def test_a_replica_that_lost_its_primary_is_never_without_lag() -> None:
    receiver = make_receiver(is_connected=False, behind=0)
    assert verdict(receiver=receiver) == (
        "critical",
        "a replica without its primary, last replayed 1m ago",
    )
    never = make_receiver(is_connected=False, replayed=None)
    assert verdict(receiver=never) == (
        "critical",
        "a replica without its primary, last replayed never",
    )


def test_a_replica_that_follows_is_judged_by_what_it_has_to_replay() -> None:
    assert verdict(receiver=make_receiver(is_connected=True)) == (
        "ok",
        "a replica, 0 B to replay",
    )
    late = make_receiver(is_connected=True, behind=600 * MIB)
    assert verdict(receiver=late) == ("critical", "a replica, 600.0 MiB to replay")


def test_a_hidden_receiver_is_unknown() -> None:
    assert verdict(receiver=make_receiver(is_connected=None)) == (
        "unknown",
        "a replica; its connection is hidden from this role",
    )


@pytest.mark.parametrize(
    ("slot", "status", "message"),
    [
        (make_slot(MIB), "ok", "slot db_2 keeps 1.0 MiB for nobody"),
        (make_slot(GIB), "warning", "slot db_2 keeps 1.0 GiB for nobody"),
        (make_slot(10 * GIB), "critical", "slot db_2 keeps 10.0 GiB for nobody"),
        (make_slot(10 * GIB, is_active=True), "ok", "slot db_2 keeps 10.0 GiB"),
        (
            make_slot(0, log="lost"),
            "critical",
            "slot db_2 keeps 0 B, its log is lost",
        ),
    ],
)
def test_a_slot_that_nobody_reads_fills_the_disk(
    slot: Slot, status: str, message: str
) -> None:
    assert verdict(slots=[slot]) == (status, message)


def test_the_worst_is_told_first() -> None:
    status, message = verdict(
        senders=[make_sender("streaming", 0)], slots=[make_slot(10 * GIB)]
    )
    assert status == "critical"
    assert message.startswith("slot db_2 keeps 10.0 GiB for nobody; db-2 is streaming")


@pytest.mark.postgresql
def test_a_slot_of_the_server_is_seen(shop: Shop) -> None:
    name = f"slot_{shop.name[5:]}"
    shop.run(f"SELECT pg_create_physical_replication_slot('{name}', true)")
    try:
        found = read_replication(ALIAS)
    finally:
        shop.run(f"SELECT pg_drop_replication_slot('{name}')")
    assert found is not None
    assert found.receiver is None
    (slot,) = [slot for slot in found.slots if slot.name == name]
    assert (slot.kind, slot.is_active, slot.log_state) == (
        "physical",
        False,
        "reserved",
    )
    assert slot.retained_bytes is not None
    assert slot.retained_bytes >= 0


@pytest.mark.sqlite
def test_sqlite_has_no_replicas(shop: Shop) -> None:
    assert read_replication(ALIAS) is None
