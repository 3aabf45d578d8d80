from __future__ import annotations

from io import StringIO

from stateset.lib.progress import progress, told_in_lines
from tests.terminal import Terminal


def run(steps: int, stream: StringIO) -> None:
    with progress("Demo data", steps, stream=stream) as advance:
        for _ in range(steps):
            advance()


def test_lines_are_told_to_who_asks_and_nobody_else() -> None:
    told: list[str] = []
    output = StringIO()

    with told_in_lines(told.append):
        run(300, output)
    run(300, output)

    assert told == [f"Demo data: {percent} %" for percent in range(10, 101, 10)]
    assert output.getvalue() == ""


def test_a_terminal_shows_a_bar_from_the_first_moment() -> None:
    told: list[str] = []
    output = Terminal()

    with told_in_lines(told.append):
        run(2, output)

    assert [each.split("]")[1] for each in output.getvalue().split("\r")[1:]] == [
        "   0 %",
        "  50 %",
        " 100 %\n",
    ]
    assert told == []
