from __future__ import annotations

import io
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dbops.backups.create import create_backup
from tests.dbops.damage import flip_bit
from tests.dbops.shop import ALIAS, Shop

DATED = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00 "


def output(*arguments: Any, **options: Any) -> str:
    stdout = io.StringIO()
    call_command(*arguments, stdout=stdout, **options)
    return stdout.getvalue()


def refusal(*arguments: Any, **options: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        output(*arguments, **options)
    return caught.value


def test_backup_ends_with_the_id(shop: Shop) -> None:
    lines = output("backup", database=ALIAS).splitlines()
    assert len(lines) == 2
    assert re.fullmatch(
        DATED + r"Backed up .+: 304 rows in 3 tables, \d\.\d KiB", lines[0]
    )
    assert f"{lines[1]}.manifest.json" in shop.files()


def test_backup_prints_json(shop: Shop) -> None:
    values = json.loads(output("backup", "--json", f"--database={ALIAS}"))
    assert values["rows"] == []
    assert values["tables"] == 3
    assert values["row_count"] == 304
    assert values["size"] > 1000
    assert values["verified"] == "decode"
    assert values["kind"] == "dump"
    assert values["files"] == [values["file"]]


def test_backup_refuses_a_compression_that_is_not_known(shop: Shop) -> None:
    error = refusal("backup", database=ALIAS, compression="rar")
    assert str(error) == (
        "The compression 'rar' is not known.\n"
        "  why: allowed are zstd, zstd:1 to zstd:19, gzip and none\n"
        "  fix: leave --compression out for zstd:1"
    )
    assert error.returncode == 2


def test_list_backups_shows_state_and_verification(shop: Shop) -> None:
    good = create_backup(alias=ALIAS, verify="hash")
    lost = create_backup(alias=ALIAS, verify="none")
    plain = create_backup(alias=ALIAS, verify="none")
    (shop.backup_folder / lost.file_name).unlink()
    lines = output("list_backups", f"--database={ALIAS}").splitlines()
    assert lines[0].split() == [
        *("id", "state", "verified", "made", "size", "kind", "kept")
    ]
    assert max(map(len, lines[:5])) <= 80
    size = r" +\d\.\d KiB"
    assert re.fullmatch(rf"{plain.id} +complete +no +\ds{size} +dump +newest", lines[1])
    assert re.fullmatch(rf"{lost.id} +damaged +no +\ds +0 B +dump +young", lines[2])
    assert re.fullmatch(rf" +{lost.file_name} is missing, not \d+ bytes", lines[3])
    assert re.fullmatch(
        rf"{good.id} +complete +hash +\ds{size} +dump +verified", lines[4]
    )
    assert re.fullmatch(
        DATED + rf"3 backups in {re.escape(str(shop.backup_folder))}, \d\.\d KiB",
        lines[5],
    )


def test_list_backups_gives_scripts_numbers(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="hash")
    (row,) = json.loads(output("list_backups", "--json", f"--database={ALIAS}"))["rows"]
    assert row["size"] == manifest.stored.size_bytes
    made = datetime.fromisoformat(row["made"])
    assert abs(made - manifest.started_at) < timedelta(milliseconds=2)
    assert datetime.fromisoformat(row["verified_at"]) > made
    assert (row["state"], row["verified"], row["why"]) == ("complete", "hash", "")
    assert (row["kept"], row["kept_why"]) == ("newest", "the newest good one")


def test_list_backups_of_another_database_shows_none(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    assert json.loads(output("list_backups", "--json"))["rows"] == []


def test_list_backups_of_an_empty_place(shop: Shop) -> None:
    assert re.fullmatch(
        DATED + rf"0 backups in {re.escape(str(shop.backup_folder))}, 0 B\n",
        output("list_backups"),
    )


def test_verify_backup_says_what_is_proven(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    for arguments in (["--latest"], [manifest.id]):
        assert re.fullmatch(
            DATED + f"{manifest.id} is good at level decode\n",
            output("verify_backup", *arguments, f"--database={ALIAS}"),
        )


def test_verify_backup_refuses_a_damaged_one(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    flip_bit(shop.backup_folder / manifest.file_name)
    error = refusal("verify_backup", manifest.id, database=ALIAS)
    assert error.returncode == 1
    assert str(error).startswith(
        f"The backup {manifest.id} is damaged.\n  why: the stored file has the SHA-256 "
    )


def test_verify_backup_goes_through_all(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    good = create_backup(alias=ALIAS, verify="none")
    bad = create_backup(alias=ALIAS, verify="none")
    flip_bit(shop.backup_folder / bad.file_name)
    with pytest.raises(SystemExit) as caught:
        call_command("verify_backup", "--all", "--level=hash", f"--database={ALIAS}")
    assert caught.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(f"{bad.id}  damaged   the stored file has the SHA-256")
    assert lines[2].split() == [good.id, "complete"]
    assert re.fullmatch(DATED + "1 of 2 backups are good at level hash", lines[3])


@pytest.mark.parametrize("command", ["verify_backup", "restore"])
def test_a_backup_must_be_named(shop: Shop, command: str) -> None:
    error = refusal(command, *(["--into=x"] if command == "restore" else []))
    assert "one of the arguments id --latest" in str(error)


def test_restore_says_what_came_back(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    name = shop.new_name()
    printed = output(
        "restore", "--latest", "--into", name, "--database", ALIAS, "--reason", "drill"
    )
    assert re.fullmatch(
        DATED + rf"Restored {manifest.id} into {re.escape(name)}: 304 rows, all as in"
        r" the manifest, in \d+\.\d+ s; not for traffic, as its outbox, keys and"
        r" logins are the backup's\n",
        printed,
    )


@pytest.mark.parametrize(
    "options", [["--confirm", "shop"], ["--dry-run"], ["--rollback"]]
)
def test_a_new_database_and_the_live_one_are_two_matters(
    shop: Shop, options: list[str]
) -> None:
    which = [] if "--rollback" in options else ["--latest"]
    error = refusal("restore", *which, *options, f"--into={shop.new_name()}")
    assert error.returncode == 2
    assert str(error) == (
        "Nothing was restored.\n"
        f"  why: {options[0]} is for the live database, --into makes a new one\n"
        "  fix: leave one of them out"
    )


def test_restore_refuses_an_existing_target(shop: Shop) -> None:
    create_backup(alias=ALIAS, verify="none")
    error = refusal("restore", latest=True, into=shop.name, database=ALIAS)
    assert error.returncode == 1
    assert "is there already" in str(error)


def test_verify_backup_finds_it_wrong_that_there_is_nothing_to_verify(
    shop: Shop,
) -> None:
    error = refusal("verify_backup", "--all", f"--database={ALIAS}")
    assert error.returncode == 1
    assert str(error) == (
        f"There is no backup of the database '{ALIAS}'.\n"
        f"  why: {shop.backup_folder} holds none\n"
        "  fix: make one with backup, or correct BACKUP_DIR"
    )


@pytest.mark.parametrize("jobs", ["0", "65", "two"])
def test_so_many_jobs_there_are_not(jobs: str) -> None:
    with pytest.raises(CommandError, match="jobs"):
        call_command("backup", f"--jobs={jobs}")


@pytest.mark.sqlite
def test_a_file_is_not_shared_by_several_jobs(shop: Shop) -> None:
    error = refusal("backup", database=ALIAS, jobs=2)
    assert str(error) == (
        "The backup was not begun.\n"
        "  why: SQLite is copied as one file, 2 jobs cannot share it\n"
        "  fix: leave --jobs out"
    )
    assert error.returncode == 2
    assert output("backup", database=ALIAS, jobs=1, verify="none")
