"""Two ways to do one thing, in turn, and the ratio of their medians."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from time import perf_counter

from tests.peak import peak_of_command

Action = Callable[[], object]


def compete(
    name: str, ours: Action, peers: Mapping[str, Action], rounds: int
) -> list[float]:
    """Run all in turn, so that a slow minute hits each; print times and ratios.

    Returns our time as a part of each peer's, in the order of ``peers``.
    """
    own: list[float] = []
    others: dict[str, list[float]] = {peer: [] for peer in peers}
    for _ in range(rounds):
        for peer, action in peers.items():
            others[peer].append(timed(action))
        own.append(timed(ours))
    say(f"{name}: ours {listed(own)} s")
    ratios = []
    for peer, found in others.items():
        ratio = statistics.median(own) / statistics.median(found)
        say(f"  {peer}: {listed(found)} s; ours takes {ratio:.2f} of it")
        ratios.append(ratio)
    return ratios


def fill(orders: int) -> None:
    """Make the company, in processes of their own: their memory is not ours."""
    for words in (["migrate", "-v0"], ["seed_demo", "--orders", str(orders)]):
        subprocess.run([sys.executable, "manage.py", *words], check=True)


def timed(action: Action) -> float:
    """Return the seconds that ``action`` took."""
    begun = perf_counter()
    action()
    return perf_counter() - begun


def peak_mebibytes(*words: str, **variables: str) -> int:
    """Return the MiB that a command takes in a process of its own, at the most."""
    return peak_of_command(*words, environment={**os.environ, **variables}) // 1024


def listed(seconds: list[float]) -> str:
    """Return the single times, so that their spread shows."""
    return " ".join(f"{each:.2f}" for each in seconds)


def judged(goals: dict[str, bool]) -> int:
    """Print what was missed, and return the exit code."""
    for goal, is_met in goals.items():
        say(f"{'met' if is_met else 'MISSED'}: {goal}")
    return 0 if all(goals.values()) else 1


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
