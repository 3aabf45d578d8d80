"""The most memory that a command of ours takes, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

# proc(5): VmHWM is the most of this program alone, since it began. What wait4 tells
# has what the program that started it had.
SCRIPT = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def peak_of_command(*words: str, environment: Mapping[str, str]) -> int:
    """Run ``manage.py`` with ``words``; return the KiB that it took at the most."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[-1])
