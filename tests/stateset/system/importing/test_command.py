"""The command: what it says, and with which code it refuses."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inventory.models import Location

pytestmark = pytest.mark.django_db


def run(*arguments: str | Path) -> str:
    out = StringIO()
    call_command("import_data", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "places.csv"
    path.write_text("code,name\nA,First\n")
    return path


def test_it_says_in_one_dated_line_what_came_in(file: Path) -> None:
    dated = run("inventory.location", file)
    assert dated.endswith(" Imported places.csv: 1 new, 0 changed, 0 there already\n")
    assert Location.objects.get().code == "A"


def test_it_says_it_as_json(file: Path) -> None:
    assert json.loads(run("Inventory.Location", file, "--dry-run", "--json")) == {
        "summary": "Checked places.csv: 1 new, 0 changed, 0 there already",
        "source": "places.csv",
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "dry_run": True,
        "rows": [],
    }
    assert not Location.objects.exists()


def test_it_refuses_wrong_lines(file: Path) -> None:
    file.write_text("code,name\nA,First\nB,\n")
    with pytest.raises(CommandError) as caught:
        run("inventory.location", file)
    assert caught.value.returncode == 1
    assert str(caught.value) == (
        "Nothing was imported from places.csv.\n"
        "  why: line 3, name: is empty; fill it in\n"
        "  fix: mend these lines in the file and import it again"
    )
    assert not Location.objects.exists()


def test_it_refuses_a_model_that_nobody_offers(file: Path) -> None:
    with pytest.raises(CommandError) as caught:
        run("accounts.user", file)
    assert caught.value.returncode == 2
    assert str(caught.value) == (
        "accounts.user can't be imported.\n"
        "  why: no app offers it\n"
        "  fix: choose one of fulfillment.shipment, inventory.location,"
        " inventory.product, inventory.supplier, orders.customer, orders.order,"
        " orders.orderitem"
    )


def test_it_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as caught:
        run("inventory.location", tmp_path / "missing.csv")
    assert str(caught.value) == (
        f"File {tmp_path / 'missing.csv'} was not read.\n"
        "  why: no such file or directory\n"
        "  fix: check its name and that this user may read it"
    )
