"""Run a command that kills itself at a step, as kill -9 and a power cut do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.dbops.shop import Shop
from tests.dbops.test_interruption import environment

ROOT = Path(__file__).parents[2]
SCRIPT = """
import os, sys
import django
django.setup()
from importlib import import_module
from django.core.management import execute_from_command_line
when, step, *command = sys.argv[1:]
module, _, path = step.partition(":")
owner = import_module(module)
*way, last = path.split(".")
for each in way:
    owner = getattr(owner, each)
original = getattr(owner, last)
def killed(*arguments, **options):
    if when == "after":
        original(*arguments, **options)
    os.kill(os.getpid(), 9)
setattr(owner, last, killed)
execute_from_command_line(["manage.py", *command])
"""
BEFORE, AFTER = "before", "after"


def kill_at(step: str, books: Shop, *arguments: str, when: str = BEFORE) -> None:
    """Run a command on the books, which dies where it calls ``module:function``.

    Where that belongs to a class it is ``module:Class.function``.
    """
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, when, step, *arguments],
        cwd=ROOT,
        env=environment(books, APP__VAR_DIR=os.environ["APP__VAR_DIR"]),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == -9, done.stderr
