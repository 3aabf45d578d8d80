"""A backup that is stopped or killed, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dbops.backups.create import create_backup
from tests.dbops.programs import make_program
from tests.dbops.shop import ALIAS, Shop

ROOT = Path(__file__).parents[2]
# Waits in the middle of the dump, whatever the engine.
SCRIPT = """
import time
import django
django.setup()
from django.core.management import execute_from_command_line
from dbops.backups.measuring import MeteredWriter
write = MeteredWriter.write
def slow(self, chunk):
    write(self, chunk)
    print("writing", flush=True)
    # In short naps: a signal just before a long one would not end it.
    for _ in range(600):
        time.sleep(0.1)
MeteredWriter.write = slow
execute_from_command_line(["manage.py", "backup"])
"""


def environment(shop: Shop, **variables: str) -> dict[str, str]:
    """Return what makes ``manage.py`` work on the shop, as an operator would set it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("APP__", "DJANGO_", "STATESET_", "DB_"))
    }
    return kept | {
        "DJANGO_SETTINGS_MODULE": "stateset.settings",
        "APP__ENVIRONMENT": "test",
        "APP__DATABASE_URL": shop.url,
        "BACKUP_DIR": str(shop.backup_folder),
        "TMPDIR": str(shop.folder),
        **variables,
    }


@contextmanager
def started(shop: Shop, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``manage.py backup`` beside the block, and end it with the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment(shop, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_writing(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n", process.communicate()[1]


def wait_for(condition: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_backup_leaves_nothing(shop: Shop, number: signal.Signals) -> None:
    before = shop.databases()
    with started(shop) as process:
        wait_until_writing(process)
        (part,) = shop.files()
        assert part.endswith(".part")
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert stderr.endswith(
        "CommandError: The backup was stopped.\n"
        f"  why: signal {number} arrived ({number.name})\n"
        "  fix: nothing is half done; start it again\n"
    )
    assert shop.files() == []
    assert shop.databases() == before
    create_backup(alias=ALIAS)


def test_a_killed_backup_is_cleared_away_and_frees_its_lease(shop: Shop) -> None:
    before = shop.databases()
    with started(shop) as process:
        wait_until_writing(process)
        process.kill()
        process.communicate(timeout=30)
    assert [name for name in shop.files() if not name.endswith(".part")] == []
    manifest = create_backup(alias=ALIAS, verify="none")
    assert shop.files() == [manifest.file_name, manifest.name]
    left = set(shop.databases()) - set(before)
    assert all("stateset-work-" in name for name in left)


def test_a_second_backup_exits_with_75(shop: Shop) -> None:
    with started(shop) as first:
        wait_until_writing(first)
        with started(shop) as second:
            _, stderr = second.communicate(timeout=60)
    assert second.returncode == 75
    assert "is being worked on.\n  why: backup " in stderr
    assert f"{first.pid}@" in stderr


@pytest.mark.postgresql
def test_a_stopped_backup_stops_pg_dump(shop: Shop, tmp_path: Path) -> None:
    fakes = tmp_path / "fakes"
    make_program(fakes, "pg_dump", "echo $$ > $0.pid; exec sleep 60")
    noted = fakes / "pg_dump.pid"
    with started(shop, PG_BIN=str(fakes)) as process:
        wait_for(lambda: noted.exists() and noted.read_text())
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(noted.read_text()), 0)
    assert shop.files() == []
