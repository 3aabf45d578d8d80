"""Beats, workers and a Redis as they run in production: each slot once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from stateset.schedule import read_schedule, variable_of
from tests.dbops.programs import make_program, real_program
from tests.stateset.programs import ROOT, environment, manage, new_database

EVERY_MINUTE = "* * * * *"
# All the others: what runs beside would have the same slot.
OFF = {
    variable_of(entry.name): "off"
    for entry in read_schedule()
    if entry.name != "backup-daily"
}
RUNS = """
    SELECT name, to_char(slot, 'HH24:MI'), state, deaths, error_what
    FROM dbops_scheduled_runs ORDER BY id
"""
LIMIT_SECONDS = 240

pytestmark = pytest.mark.postgresql

Process = subprocess.Popen[bytes]
Run = tuple[str, str, str, int, str]


class Installation:
    """A migrated database of its own, and the programs that work on it."""

    def __init__(self, folder: Path, url: str, redis_url: str) -> None:
        self.folder, self.url = folder, url
        self.variables = {
            "APP__DATABASE_URL": url,
            "APP__REDIS_URL": redis_url,
            "BACKUP_DIR": str(folder / "backups"),
            "APP__SCHEDULE_BACKUP_DAILY": EVERY_MINUTE,
            **OFF,
        }

    @contextmanager
    def program(self, name: str, *arguments: str, **more: str) -> Iterator[Process]:
        """Run celery in a process group that ends with the block."""
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "stateset.celery"]
        with (
            (self.folder / f"{name}.log").open("wb") as log,
            subprocess.Popen(
                [*command, *arguments],
                env=environment(self.folder, **self.variables, **more),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                end(process)

    def beat(self, name: str) -> AbstractContextManager[Process]:
        return self.program(name, "beat", "--schedule", str(self.folder / name))

    def worker(self, name: str, **more: str) -> AbstractContextManager[Process]:
        arguments = ("worker", "--concurrency", "2", "--hostname", f"{name}@%h")
        return self.program(name, *arguments, **more)

    def runs(self) -> list[Run]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(RUNS).fetchall()

    def wait_for(self, what: Callable[[list[Run]], bool]) -> list[Run]:
        """Return the runs as soon as they are what is waited for."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            found = self.runs()
            if what(found):
                return found
            time.sleep(1)
        logs = "\n".join(path.read_text() for path in self.folder.glob("*.log"))
        raise AssertionError(f"{self.runs()}\n{logs}")

    def backups(self) -> list[Path]:
        return sorted((self.folder / "backups").glob("*.manifest.json"))


def end(process: Process) -> None:
    """End a program and its children: a warm stop, then the rest of its group."""
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        pass
    kill_group(process)


def kill_group(process: Process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


@pytest.fixture
def installation(
    tmp_path: Path, redis_url: str, django_db_setup: None
) -> Iterator[Installation]:
    with new_database(tmp_path) as url:
        made = Installation(tmp_path, url, redis_url)
        run = manage("migrate", folder=tmp_path, **made.variables)
        assert run.returncode == 0, run.stderr
        yield made


def test_two_beats_and_two_workers_make_one_backup_a_slot(
    installation: Installation,
) -> None:
    with ExitStack() as stack:
        for name in ("worker-1", "worker-2"):
            stack.enter_context(installation.worker(name))
        for name in ("beat-1", "beat-2"):
            stack.enter_context(installation.beat(name))
        installation.wait_for(lambda runs: len(runs) >= 2)
    runs = installation.runs()
    slots = [slot for _name, slot, _state, _deaths, _what in runs]
    assert len(slots) == len(set(slots))
    done = [run for run in runs if run[2] == "done"]
    assert done == runs
    assert len(installation.backups()) == len(done)
    said = "".join(path.read_text() for path in installation.folder.glob("worker*.log"))
    assert said.count("Z done: stateset_") == len(done)


def test_a_slot_whose_worker_was_killed_is_taken_again_once(
    installation: Installation,
) -> None:
    folder = installation.folder
    body = (
        f'if mkdir "{folder}/first" 2> /dev/null; then\n'
        f'  echo $$ > "{folder}/pid"; exec sleep 600\n'
        f'fi\nexec {real_program("pg_dump")} "$@"'
    )
    fakes = make_program(folder / "fakes", "pg_dump", body).parent
    # Long enough that the slot is still the newest when it is taken again.
    installation.variables["APP__SCHEDULE_BACKUP_DAILY"] = "*/5 * * * *"
    until_slot_is_fresh()

    with installation.worker("first", PG_BIN=str(fakes)) as worker:
        send_scheduled(installation)
        installation.wait_for(lambda _runs: (folder / "pid").exists())
        # What it had started, in a group of its own, is ended with it.
        kill_group(worker)
    assert [run[2:4] for run in installation.runs()] == [("running", 0)]

    with installation.worker("second"), installation.beat("beat"):
        runs = installation.wait_for(lambda runs: runs[0][2] != "running")

    assert runs[0][2:4] == ("done", 1)
    assert len(installation.backups()) >= 1


def until_slot_is_fresh() -> None:
    """Wait for the first two minutes of five, so that the slot lasts long enough."""
    while time.gmtime().tm_min % 5 > 1:
        time.sleep(1)


def send_scheduled(installation: Installation) -> None:
    """Send what beat sends at the slot."""
    program = (
        "from stateset.celery import app\n"
        "app.send_task('dbops.run_scheduled', args=('backup-daily',))"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        env=environment(installation.folder, **installation.variables),
        cwd=ROOT,
        check=True,
    )
