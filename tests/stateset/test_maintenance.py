"""Maintenance mode: what waits, what is refused, and a flag that was left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from celery.exceptions import Retry
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from stateset.celery import app
from stateset.lib.maintenance import (
    MaintenanceError,
    current_maintenance,
    maintenance,
    maintenance_file,
    require_no_maintenance,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def var_folder(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    settings.VAR_DIR = tmp_path / "var"
    yield settings.VAR_DIR
    assert list(settings.VAR_DIR.glob("*")) == []


@app.task(name="tests.work")
def work() -> str:
    return "done"


def test_the_flag_is_up_while_the_block_runs_and_says_who_and_why() -> None:
    assert current_maintenance() is None
    with maintenance("the restore of shop", why="wrong prices"):
        found = current_maintenance()
        assert found is not None
        assert (found.what, found.why) == ("the restore of shop", "wrong prices")
        assert found.holder.startswith(f"{os.getpid()}@")
        assert 0 <= (datetime.now(UTC) - found.since).total_seconds() < 60
    assert current_maintenance() is None


def test_the_processes_of_other_users_can_read_it_whatever_the_umask() -> None:
    before = os.umask(0o077)
    try:
        with maintenance("the restore of shop"):
            assert maintenance_file().stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


def test_it_goes_down_with_an_error_too() -> None:
    with pytest.raises(KeyError), maintenance("the restore of shop"):
        raise KeyError
    assert current_maintenance() is None


def test_a_second_one_is_refused_and_told_which_is_the_first() -> None:
    with maintenance("the restore of shop"):
        with (
            pytest.raises(MaintenanceError) as caught,
            maintenance("the restore of books"),
        ):
            pass
        assert current_maintenance() is not None
    assert caught.value.exit_code == 75
    assert caught.value.what == "The restore of books was not begun."
    assert f": the restore of shop ({os.getpid()}@" in caught.value.why


def test_a_flag_whose_process_is_gone_counts_for_nothing(var_folder: Path) -> None:
    script = f"""
        import os, sys
        from pathlib import Path
        from stateset.lib import conf, maintenance
        conf.var_folder = lambda: Path({str(var_folder)!r})
        with maintenance.maintenance("the restore of shop"):
            os.kill(os.getpid(), 9)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT)
    assert maintenance_file().exists()
    assert current_maintenance() is None
    with maintenance("the restore of shop"):
        assert current_maintenance() is not None


def test_a_flag_made_by_hand_is_up_until_it_is_removed(var_folder: Path) -> None:
    var_folder.mkdir()
    maintenance_file().touch()
    with pytest.raises(MaintenanceError, match=r"maintenance \(by hand\)"):
        require_no_maintenance("Nothing was imported.")
    maintenance_file().unlink()
    assert current_maintenance() is None


def test_pages_say_so_in_plain_words_and_probes_tell_life_from_readiness(
    client: Client,
) -> None:
    with maintenance("the restore of shop"):
        page = client.get("/admin/")
        assert page.status_code == 503
        assert page.headers["Retry-After"] == "30"
        assert "This site is being looked after" in page.content.decode()
        assert client.post("/admin/").status_code == 503
        assert client.get("/health").status_code == 200
        ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json() == {
        "status": "down",
        "components": {"maintenance": {"status": "down"}},
    }


def test_a_task_of_a_worker_is_handed_out_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again: list[dict[str, object]] = []
    monkeypatch.setattr(
        app.tasks[work.name], "apply_async", lambda *_, **options: again.append(options)
    )
    work.push_request(id="4711", is_eager=False, called_directly=False, retries=0)
    try:
        with maintenance("the restore of shop"), pytest.raises(Retry):
            work()
    finally:
        work.pop_request()
    assert again[0]["countdown"] == 30
    assert work() == "done"


def test_a_task_inside_a_request_is_refused() -> None:
    with maintenance("the restore of shop"), pytest.raises(MaintenanceError) as caught:
        work.apply(throw=True)
    assert caught.value.what == "The task tests.work was not begun."
    assert work.apply().get() == "done"


def test_commands_that_write_wait() -> None:
    with maintenance("the restore of shop"):
        for command, what in (
            (["seed_demo"], "No demo data was made."),
            (["import_data", "orders.customer", "no.csv"], "Nothing was imported."),
        ):
            with pytest.raises(CommandError) as caught:
                call_command(*command)
            assert str(caught.value).startswith(what)
            assert caught.value.returncode == 75
