"""What differs between branches, and what is said of every table."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from orders.models import Order
from stateset.demo.branches import reading, tables
from stateset.demo.branches.varying import (
    Branch,
    Code,
    FirstName,
    House,
    LastName,
    Line,
    Mail,
    Moment,
    Number,
    Numbered,
)
from stateset.demo.errors import DemoRefusedError
from tests.inventory.builders import make_variant
from tests.stateset.admin_walk import NOON


@pytest.mark.django_db
def test_a_database_in_use_is_left_alone() -> None:
    make_variant()

    with pytest.raises(CommandError, match="has products already"):
        call_command("seed_demo", orders=1_000_000)

    assert not Order.objects.exists()


def test_of_every_table_it_is_said_whether_branches_share_it() -> None:
    said = [*tables.OWN, *tables.SHARED, *tables.LEFT_OUT]

    assert sorted(said) == sorted(model._meta.label for model in tables.all_models())


def test_no_shared_row_refers_to_one_of_a_branch() -> None:
    astray = [
        f"{model._meta.label}.{field.name}"
        for model in tables.shared_models()
        for field in model._meta.local_concrete_fields
        if field.related_model is not None
        and field.related_model._meta.label in tables.OWN
    ]

    assert astray == []


@pytest.mark.django_db
def test_rows_of_an_unknown_table_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    make_variant()
    known = tuple(label for label in tables.SHARED if label != "inventory.Product")
    monkeypatch.setattr(reading, "SHARED", known)

    with pytest.raises(DemoRefusedError, match=r"share the rows of inventory\.Product"):
        reading.require_known_tables("default")


def test_branches_take_turns_in_a_series() -> None:
    texts = [
        text
        for number in (1, 2)
        for text in Number("INV-2026", number).texts(branches=3)
    ]

    assert texts == [f"INV-2026-{number:06d}" for number in range(1, 7)]


def test_codes_never_repeat() -> None:
    codes = {
        code for rank in range(100) for code in Code("DHL", 4, rank).texts(branches=100)
    }

    assert len(codes) == 10_000


def test_a_moment_goes_back_over_midnight() -> None:
    # 2026-06-17 00:05, in minutes since 1970.
    minute = int(NOON.timestamp()) // 60 - 12 * 60 + 5

    assert Moment(minute).texts(branches=2) == ["2026-06-17 00:05", "2026-06-16 21:54"]


def test_people_and_houses_are_others_in_each_branch() -> None:
    mail = Mail(FirstName(0), LastName(0), number=7)
    house, place = House("Hotel Lindenhof"), Numbered("Berlin shop", " {}")

    assert mail.texts(branches=2) == [
        "ada.abbott14@example.net",
        "amara.ahmed15@example.net",
    ]
    assert house.texts(branches=19)[::18] == [
        "Hotel Lindenhof",
        "Hotel Lindenhof Hamburg 2",
    ]
    assert place.texts(branches=2) == ["Berlin shop", "Berlin shop 2"]


def test_a_row_of_all_is_written_once() -> None:
    parts = ("a ", Number("PO-2026", 2), " ", Branch(), "\n")

    assert Line(parts).texts(branches=2) == [
        "a PO-2026-000003 000\n",
        "a PO-2026-000004 001\n",
    ]
    assert Line(parts, is_once=True).texts(branches=2) == ["a PO-2026-000003 000\n"]
