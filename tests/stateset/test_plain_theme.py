"""Every page without the theme: the same tests, on the plain Django admin.

Which theme there is was decided when Django was set up, so it takes another run.
The theme has nothing to do with the engine: once, on SQLite, is enough.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 600

pytestmark = pytest.mark.sqlite


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


AXE = "tests/browser/test_accessibility.py::test_no_page_breaks_a_rule"


@pytest.mark.parametrize(
    "tests",
    [
        [f"{AXE}[0]"],
        [f"{AXE}[1]"],
        [
            "tests/browser/test_forms.py",
            "tests/browser/test_home.py",
            "tests/browser/test_import.py",
        ],
        [
            "tests/stateset/test_admin_actions.py",
            "tests/stateset/test_admin_export.py",
            "tests/stateset/test_admin_forms.py",
            "tests/stateset/test_admin_lists.py",
            "tests/stateset/test_admin_pages.py",
            "tests/stateset/test_home.py",
            "tests/stateset/system/importing/test_admin.py",
        ],
    ],
    ids=["axe, one half", "axe, other half", "keys and phones", "pages"],
)
def test_it_all_works_without_the_theme(tests: list[str]) -> None:
    finished = run_without_theme(*tests)
    assert finished.returncode == 0, finished.stdout[-8000:]
    assert "passed" in finished.stdout
