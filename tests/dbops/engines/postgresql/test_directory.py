"""A dump of several connections at once: a directory, stored as one tar."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dbops.backups.create import create_backup, make_backup
from dbops.backups.manifest import Manifest, write_manifest
from dbops.backups.measuring import Measure
from dbops.backups.restore import restore_backup
from dbops.backups.verify import verify_backup
from dbops.engines.postgresql import contents, directory
from dbops.engines.registry import get_engine
from dbops.errors import (
    BackupDamagedError,
    ConnectionsShortError,
    DiskError,
    ProgramFailedError,
    RestoreRefusedError,
)
from dbops.recovery.foreign import restore_foreign
from tests.dbops.damage import flip_bit
from tests.dbops.engines.postgresql.test_dump import clerk
from tests.dbops.engines.postgresql.test_meanwhile import WAITING, behind
from tests.dbops.programs import make_program, real_program
from tests.dbops.sessions import locked
from tests.dbops.shop import ALIAS, TABLES, Shop
from tests.dbops.test_interruption import started, wait_for

pytestmark = pytest.mark.postgresql

LARGE_OBJECT = "SELECT lo_from_bytea(4711, 'a picture')"
OBJECTS = "SELECT loid FROM pg_largeobject"
PG_DUMPS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'pg_dump'
"""
NOTED = f'echo $$ > $0.pid; exec {real_program("pg_dump")} "$@"'
HALF_DONE = """
for word; do case $word in --file=*)
    mkdir "${word#--file=}" && head -c 3000000 /dev/urandom > "${word#--file=}/1.dat"
;; esac; done
kill -9 $$
"""
Parts = dict[str, bytes]


@pytest.fixture(autouse=True)
def spools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a TMPDIR of our own."""
    folder = tmp_path / "spools"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture(autouse=True)
def two_jobs(settings: Settings) -> None:
    settings.BACKUP_JOBS = 2


def test_it_goes_all_the_way_and_leaves_nothing_in_tmpdir(
    shop: Shop, spools: Path
) -> None:
    shop.run(LARGE_OBJECT)
    manifest = create_backup(alias=ALIAS)
    assert manifest.file_name == f"{manifest.id}.dir.tar.zst"
    assert manifest.flags[:2] == ("--format=directory", "--jobs=2")
    written = json.loads((shop.backup_folder / manifest.name).read_text())
    assert (written["format"], written["file"]["format"]) == (3, "directory")
    found, verdict = verify_backup(backup_id=manifest.id, level="decode")
    assert (found, verdict.is_good) == (manifest, True)
    target = restore_backup(into=shop.new_name(), alias=ALIAS).target
    assert {table: shop.count(table, target) for table in TABLES} == TABLES
    assert shop.run(OBJECTS, target) == [(4711,)]
    assert list(spools.iterdir()) == []


def test_one_job_makes_one_file_whatever_is_configured(shop: Shop) -> None:
    manifest = make_backup(alias=ALIAS, jobs=1, verify="none").manifest
    assert manifest.file_name == f"{manifest.id}.dump.zst"
    assert restore_backup(into=shop.new_name(), alias=ALIAS).manifest == manifest


def without(start: bytes = b"-", name: str = "") -> Callable[[Parts], Parts]:
    """Return what takes away the part of this name, or what begins so."""
    return lambda parts: {
        each: content
        for each, content in parts.items()
        if each != name and not content.startswith(start)
    }


def with_more(parts: Parts) -> Parts:
    return {**parts, "9999.dat": b"\\.\n"}


def altered(content: bytes, change: Callable[[Parts], Parts]) -> bytes:
    parts, out = {}, io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for info in tar:
            file: Any = tar.extractfile(info)
            parts[info.name] = file.read()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, part in change(parts).items():
            info = tarfile.TarInfo(name)
            info.size = len(part)
            tar.addfile(info, io.BytesIO(part))
    return out.getvalue()


SPOILED: list[tuple[Callable[[Parts], Parts], str]] = [
    (without(start=b"0\tn0"), r"\d+\.dat is missing"),
    (without(name="toc.dat"), r"toc\.dat is missing"),
    (without(name="blobs.toc"), r"blobs(_\d+)?\.toc is missing"),
    (without(name="blob_4711.dat"), r"blob_4711\.dat is missing"),
    (with_more, r"9999\.dat does not belong to it"),
    (lambda parts: {**parts, "toc.dat": b"PGDMP"}, r"it ended with status 1: .+"),
]


@pytest.fixture
def powerless(shop: Shop) -> Iterator[None]:
    """Work as a role that cannot even make a database."""
    with clerk(shop):
        shop.run(f"ALTER ROLE clerk_{os.getpid()} NOCREATEDB")
        yield


def refusal(shop: Shop, manifest: Manifest) -> str:
    with pytest.raises(BackupDamagedError) as decoding:
        verify_backup(backup_id=manifest.id, level="decode")
    with pytest.raises(BackupDamagedError) as restoring:
        restore_backup(into=shop.new_name(), alias=ALIAS, backup_id=manifest.id)
    assert decoding.value.why == restoring.value.why
    return restoring.value.why


@pytest.mark.usefixtures("powerless")
def test_a_flipped_bit_is_refused_before_anything_is_made(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    flip_bit(shop.backup_folder / manifest.file_name)
    assert refusal(shop, manifest).startswith("the stored file has the SHA-256 ")


def test_a_directory_that_is_not_whole_is_refused_though_its_hash_is_right(
    shop: Shop, request: pytest.FixtureRequest
) -> None:
    shop.run(LARGE_OBJECT)
    manifest = create_backup(alias=ALIAS, packing="none", verify="none")
    request.getfixturevalue("powerless")
    path = shop.backup_folder / manifest.file_name
    whole = path.read_bytes()
    for change, why in SPOILED:
        content = altered(whole, change)
        path.write_bytes(content)
        measure = Measure(sha256(content).hexdigest(), len(content))
        forged = replace(manifest, plain=measure, stored=measure)
        (shop.backup_folder / manifest.name).write_bytes(write_manifest(forged))
        with pytest.raises(BackupDamagedError) as caught:
            restore_backup(into=shop.new_name(), alias=ALIAS)
        assert re.fullmatch(why, caught.value.why)
    assert refusal(shop, manifest) == caught.value.why


def test_a_pg_dump_that_is_killed_half_way_leaves_nothing(
    shop: Shop, fakes: Path, spools: Path
) -> None:
    make_program(fakes, "pg_dump", HALF_DONE)
    with pytest.raises(CommandError, match="killed by signal 9") as caught:
        call_command("backup", database=ALIAS)
    assert caught.value.returncode == 1
    assert shop.files() == []
    assert list(spools.iterdir()) == []


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in children.read_text().split()]


@pytest.mark.parametrize("which", ["a worker", "the leader"])
def test_when_one_of_its_processes_is_killed_all_of_them_end(
    shop: Shop,
    fakes: Path,
    spools: Path,
    monkeypatch: pytest.MonkeyPatch,
    which: str,
) -> None:
    monkeypatch.setattr(contents, "CANCEL_SECONDS", 0.2)
    make_program(fakes, "pg_dump", NOTED)
    noted = fakes / "pg_dump.pid"
    workers = []

    def kill() -> None:
        wait_for(lambda: noted.exists() and noted.read_text())
        leader = int(noted.read_text())
        wait_for(lambda: len(workers_of(leader)) == 2)
        workers.extend(workers_of(leader))
        os.kill(workers[0] if which == "a worker" else leader, signal.SIGKILL)

    with behind(shop) as wire, ThreadPoolExecutor(1) as pool:
        # The first one is our own, the second pg_dump's; its workers get no answer.
        wire.silent_from = 3
        killed = pool.submit(kill)
        with pytest.raises(ProgramFailedError):
            get_engine(ALIAS).dump(io.BytesIO())
        killed.result()
    wait_for(lambda: not any(Path(f"/proc/{pid}/fd").exists() for pid in workers))
    assert list(spools.iterdir()) == []


def test_a_killed_backup_takes_pg_dump_with_it(shop: Shop) -> None:
    # Only pg_dump waits for this one: it has no rows of its own to count.
    shop.run("CREATE TABLE parted (id int) PARTITION BY RANGE (id)")
    with locked(shop, "parted"):
        with started(shop, APP__BACKUP_JOBS="2") as process:
            wait_for(lambda: shop.run(WAITING) != [(0,)])
            assert shop.run(PG_DUMPS) == [(1,)]
        # It would wait for a minute.
        wait_for(lambda: shop.run(PG_DUMPS) == [(0,)])
    assert process.returncode == -signal.SIGKILL
    assert create_backup(alias=ALIAS, verify="none").rows == 304


def test_a_change_that_comes_before_its_workers_ends_the_dump_and_goes_on(
    shop: Shop, spools: Path
) -> None:
    def change() -> None:
        wait_for(lambda: shop.run(PG_DUMPS) == [(1,)] and wire.is_silent)
        shop.run("ALTER TABLE orders ADD COLUMN price int")

    def release() -> None:
        wait_for(lambda: shop.run(WAITING) != [(0,)])
        wire.flow()

    with behind(shop) as wire, ThreadPoolExecutor(2) as pool:
        wire.silent_from = 3
        changed, released = pool.submit(change), pool.submit(release)
        with pytest.raises(ProgramFailedError) as caught:
            get_engine(ALIAS).dump(io.BytesIO())
        changed.result()
        released.result()
    assert "could not obtain lock on relation" in caught.value.why
    assert list(spools.iterdir()) == []


@pytest.mark.parametrize(
    ("limited", "whose"),
    [("ROLE clerk_{}", r"the role clerk_\d+"), ('DATABASE "{}"', "the database .+")],
)
def test_too_few_connections_are_told_before_it_begins(
    shop: Shop, limited: str, whose: str
) -> None:
    limited = limited.format(os.getpid() if "ROLE" in limited else shop.name)
    with clerk(shop):
        shop.run(f"ALTER {limited} CONNECTION LIMIT 3")
        with pytest.raises(ConnectionsShortError) as caught:
            create_backup(alias=ALIAS)
        assert re.fullmatch(
            f"2 jobs need 3 connections, and {whose} has [012] left",
            caught.value.why,
        )
        assert shop.files() == []
        shop.run(f"ALTER {limited} CONNECTION LIMIT 6")
        assert create_backup(alias=ALIAS, verify="none").rows == 304


def test_the_last_connections_of_the_server_are_left_to_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((most,),) = shop.run("SHOW max_connections")
    monkeypatch.setattr(directory, "LEFT_TO_OTHERS", int(most))
    with pytest.raises(ConnectionsShortError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.why == "2 jobs need 3 connections, and the server has 0 left"
    assert shop.files() == []


def test_no_room_in_tmpdir_is_told_before_it_begins(
    shop: Shop, spools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage

    def full(path: Path) -> Any:
        return SimpleNamespace(free=4096) if Path(path) == spools else usage(path)

    monkeypatch.setattr(shutil, "disk_usage", full)
    with pytest.raises(DiskError) as caught:
        create_backup(alias=ALIAS)
    assert caught.value.what == "The backup was not begun."
    assert caught.value.why.startswith(f"{spools} has 4.0 KiB free, ")
    assert shop.files() == []
    assert list(spools.iterdir()) == []


def dumped(shop: Shop, form: str, place: Path) -> Path:
    """Have somebody else dump the shop."""
    settings = shop.settings
    words = [real_program("pg_dump"), "-h", settings["HOST"], "-U", settings["USER"]]
    words += ["-p", str(settings["PORT"]), f"--format={form}", f"--file={place}"]
    env = {"PGPASSWORD": settings["PASSWORD"]}
    subprocess.run([*words, shop.name], env=env, check=True)
    return place


@pytest.mark.parametrize("form", ["directory", "tar", "ours", "dump", "."])
def test_one_without_a_manifest_comes_in_as_a_new_database(
    shop: Shop, tmp_path: Path, form: str
) -> None:
    shop.run(LARGE_OBJECT)
    place = tmp_path / "theirs"
    if form == "ours":
        manifest = create_backup(alias=ALIAS, verify="none")
        (shop.backup_folder / manifest.file_name).rename(place)
    elif form in ("dump", "."):
        # As people make one of the directory: with its name, or of what is in it.
        folder = dumped(shop, "directory", tmp_path / "dump")
        inside = folder if form == "." else tmp_path
        subprocess.run(
            ["tar", "--format=pax", "-C", inside, "-cf", place, form], check=True
        )
    else:
        dumped(shop, form, place)
    adopted = restore_foreign(str(place), into=shop.new_name(), alias=ALIAS)
    assert adopted.contents.tables == TABLES
    assert shop.run(OBJECTS, shop.new_name()) == [(4711,)]


def test_a_folder_with_more_than_plain_files_is_refused(
    shop: Shop, tmp_path: Path
) -> None:
    place = dumped(shop, "directory", tmp_path / "theirs")
    (place / "more.dat").symlink_to("/etc/passwd")
    with pytest.raises(RestoreRefusedError) as caught:
        restore_foreign(str(place), into=shop.new_name(), alias=ALIAS)
    assert caught.value.why == "more.dat in it is no plain file"
