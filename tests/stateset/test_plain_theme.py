"""The pages without the theme: some of the same tests, on the plain Django admin.

Which theme there is was decided when Django was set up, so it takes another run.
A part stands for all here; `make test-more` runs the whole, and CI runs that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 600
FORMS = ("tests/stateset/test_admin_actions.py", "tests/stateset/test_admin_forms.py")

pytestmark = pytest.mark.long


def test_forms_work_without_the_theme() -> None:
    finished = run_without_theme(*FORMS)
    assert finished.returncode == 0, finished.stdout[-8000:]
    assert "passed" in finished.stdout


def run_without_theme(*tests: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "STATESET_TEST_"))
    }
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--engine", "sqlite"]
    return subprocess.run(
        [sys.executable, *arguments, *tests],
        env={**kept, "STATESET_TEST_THEME": "plain"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
