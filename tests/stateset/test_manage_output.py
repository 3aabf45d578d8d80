"""What becomes of manage.py where its output goes nowhere, or Django is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.stateset.programs import ROOT, environment

pytestmark = pytest.mark.sqlite


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which ``$P`` is manage.py under this Python."""
    return subprocess.run(
        [
            "bash",
            "-c",
            f"set -o pipefail; P='{sys.executable} {ROOT}/manage.py'; {line}",
        ],
        env=environment(folder, BACKUP_DIR=str(folder / "none-yet")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_closed_standard_output_is_no_fault(tmp_path: Path) -> None:
    finished = shell("$P list_backups >&-", tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_result_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    finished = shell("$P list_backups >/dev/full", tmp_path)
    assert finished.returncode == 1
    assert finished.stderr == (
        "CommandError: The work is done, but its result could not be written.\n"
        "  why: standard output: No space left on device\n"
        "  fix: make room there, or send the output elsewhere\n"
    )


def test_a_reader_that_has_seen_enough_gets_no_traceback(tmp_path: Path) -> None:
    finished = shell("{ sleep 0.1; $P list_backups; } | true", tmp_path)
    assert finished.stderr == ""


def test_a_python_without_django_is_told_which_one_has_it(tmp_path: Path) -> None:
    # -S leaves out the packages of the environment.
    finished = shell("${P/ / -S } backup", tmp_path)
    assert finished.returncode == 1
    assert finished.stderr == (
        "Nothing was done.\n"
        f"  why: Django is not installed for {sys.executable}\n"
        "  fix: make the environment with `make setup`, then use it:"
        " .venv/bin/python manage.py …\n"
    )
