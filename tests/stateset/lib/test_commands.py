"""What a person is asked before something is destroyed, and told when it is refused."""

from __future__ import annotations

import io
import sys
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError

from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import NotConfirmedError, StatesetError
from stateset.lib.reports import Report
from tests.terminal import Terminal


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


class Asking(StatesetCommand):
    """Meets what a server said, as Django passes it on."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause

    def run(self, *_args: Any, **_options: Any) -> Report:
        raise ProgrammingError(str(self.cause)) from self.cause


def test_a_lacking_right_is_told_by_the_first_line_of_the_server() -> None:
    cause = psycopg.errors.InsufficientPrivilege(
        "permission denied for table orders\nLINE 1: SELECT …"
    )
    with pytest.raises(CommandError) as caught:
        call_command(Asking(cause))
    assert caught.value.returncode == 1
    assert str(caught.value) == (
        "The database refused it.\n"
        "  why: permission denied for table orders\n"
        "  fix: use the role that owns the tables, or have it granted"
    )


def test_a_wrong_statement_stays_a_fault() -> None:
    with pytest.raises(ProgrammingError):
        call_command(Asking(psycopg.errors.UndefinedTable("no such table")))


class Interrupted(StatesetCommand):
    """A command that somebody stops."""

    def run(self, **_options: Any) -> Report:
        raise KeyboardInterrupt


def test_one_that_is_stopped_says_so_in_a_few_lines() -> None:
    with pytest.raises(CommandError) as caught:
        call_command(Interrupted())
    assert caught.value.returncode == 130
    assert str(caught.value).splitlines()[0] == "test_commands was stopped."


class Probe(StatesetCommand):
    """A command whose exit code of 1 has a meaning of its own."""

    refused_exit_code = 3

    def run(self, **_options: Any) -> Report:
        raise StatesetError("It was not looked at.")


def test_a_refusal_may_have_a_code_of_its_own() -> None:
    with pytest.raises(CommandError) as caught:
        call_command(Probe())
    assert caught.value.returncode == 3
