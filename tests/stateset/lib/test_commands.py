"""What a person is asked before something is destroyed."""

from __future__ import annotations

import io
import sys

import pytest

from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import NotConfirmedError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ask(monkeypatch: pytest.MonkeyPatch, typed: str) -> tuple[str, str]:
    """Let a person type, and return what stands on both outputs."""
    stdout, stderr = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    command = StatesetCommand(stdout=stdout, stderr=stderr, no_color=True)
    command.confirm("This drops shop.", name="shop", given=None)
    return stdout.getvalue(), stderr.getvalue()


def test_the_question_is_no_part_of_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ask(monkeypatch, "shop\n") == (
        "",
        "This drops shop.\nType shop to go on (anything else stops): ",
    )


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "'nothing' is not 'shop'"),
        ("\n", "'nothing' is not 'shop'"),
        ("Shop\n", "'Shop' is not 'shop'"),
    ],
)
def test_anything_else_and_the_end_of_the_input_stop(
    monkeypatch: pytest.MonkeyPatch, typed: str, why: str
) -> None:
    with pytest.raises(NotConfirmedError) as caught:
        ask(monkeypatch, typed)
    assert caught.value.why == why
