"""The small programs of deploy/: what starts a process, a command, an installation."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.deploy.places import DEPLOY

PROGRAMS = ("manage", "migration", "start", "make-secrets")


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_they_can_be_run_and_are_sound_shell(name: str) -> None:
    assert os.access(DEPLOY / name, os.X_OK)
    assert run("sh", "-n", DEPLOY / name).stderr == ""


@pytest.mark.parametrize("words", [[], ["celery"]])
def test_an_unknown_process_is_refused(words: list[str]) -> None:
    done = run(DEPLOY / "start", *words)
    assert done.returncode == 2
    assert done.stderr == (
        "Nothing was started.\n"
        f"  why: {(words or ['nothing'])[0]} is no process of StateSet\n"
        "  fix: say which: deploy/start web, worker or beat\n"
    )


def test_beat_makes_the_folder_for_what_it_remembers(tmp_path: Path) -> None:
    done = run(DEPLOY / "start", "beat", "--help", APP__VAR_DIR=str(tmp_path / "var"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "var").is_dir()


def test_a_command_runs_with_the_settings_of_the_machines_file(tmp_path: Path) -> None:
    settings = tmp_path / "stateset.env"
    settings.write_text("APP__LOG_LEVEL='no such level'\n", encoding="utf-8")
    done = run(DEPLOY / "manage", "list_backups", STATESET_SETTINGS=str(settings))
    assert done.returncode == 1
    assert "APP__LOG_LEVEL is 'no such level'" in done.stderr


@pytest.mark.parametrize(
    ("name", "mask"), [("collectstatic", 0o022), ("backup", 0o077)]
)
def test_only_what_browsers_get_can_be_read_by_others(
    tmp_path: Path, name: str, mask: int
) -> None:
    program = tmp_path / "deploy" / "manage"
    python = tmp_path / ".venv" / "bin" / "python"
    for path in (program, python):
        path.parent.mkdir(parents=True)
    shutil.copy(DEPLOY / "manage", program)
    python.write_text("#!/bin/sh\numask\n", encoding="utf-8")
    python.chmod(0o755)
    line = f"umask 022; exec {program} {name}"
    done = run("sh", "-c", line, STATESET_SETTINGS=str(tmp_path / "none"))
    assert int(done.stdout, 8) == mask


def test_migration_is_the_command_of_that_name(tmp_path: Path) -> None:
    link = tmp_path / "linked"
    (tmp_path / "deploy").mkdir()
    manage = '#!/bin/sh\necho "$0" "$@"; echo ${#APP__SECRET_KEY}\n'
    (tmp_path / "deploy/manage").write_text(manage)
    (tmp_path / "deploy/manage").chmod(0o755)
    (tmp_path / "migration").write_bytes((DEPLOY / "migration").read_bytes())
    (tmp_path / "migration").chmod(0o755)
    link.symlink_to(tmp_path / "migration")
    line = f"{tmp_path}/deploy/manage migration down orders 0002\n"
    # The guide passes no key: one is made for this run, and none over another.
    assert run(link, "down", "orders", "0002").stdout == f"{line}64\n"
    filed = run(link, "down", "orders", "0002", APP__SECRET_KEY_FILE="key")
    assert filed.stdout == f"{line}0\n"


def test_secrets_are_made_once_behind_a_closed_door(tmp_path: Path) -> None:
    made = [secrets(tmp_path), secrets(tmp_path)]
    assert made[0] == made[1]
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    passwords = [text for name, text in made[0].items() if "_password" in name]
    assert len(set(passwords)) == len(passwords) == 5
    assert all(len(text) >= 50 for text in (*passwords, made[0]["secret_key"]))
    assert f":{made[0]['redis_password']}@redis:" in made[0]["redis_url"]


def secrets(folder: Path) -> dict[str, str]:
    done = run(DEPLOY / "make-secrets", folder)
    assert (done.returncode, done.stderr) == (0, "")
    return {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
