"""Small programs that stand in for PostgreSQL's and go wrong on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

SCRIPT = """#!/bin/sh
if [ "$1" = --version ]; then echo "{name} (PostgreSQL) {version}"; exit 0; fi
{body}
"""


def make_program(folder: Path, name: str, body: str, *, version: str = "99.1") -> Path:
    """Write a shell script that answers ``--version`` and then does ``body``."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(SCRIPT.format(name=name, version=version, body=body))
    path.chmod(0o755)
    return path


def real_program(name: str) -> str:
    """Return the installed program, which a fake may go on to call."""
    path = shutil.which(name)
    assert path is not None
    return path
