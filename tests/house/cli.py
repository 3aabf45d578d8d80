"""The commands as they are: their options, from their own parsers.

Run it (``make cli``) to print the page docs/cli.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import django
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from stateset.lib.commands import StatesetCommand
from tests.house.tree import ROOT

DOCUMENT = ROOT / "docs" / "cli.md"
HEAD = """\
# Commands

`make cli` writes this page from the commands themselves; a test holds it against
them. How and when to use them: [operator](operator.md), [importing](importing.md). Each
is run as `python manage.py NAME`, from any folder: relative paths are taken from the
project's.

Results go to standard output; away from a terminal they have one dated line, for
cron. Errors go to standard error in three lines: what happened, why, how to mend it.

| Exit code | Meaning |
| --- | --- |
| 0 | done, or nothing to do |
| 1 | refused or failed; nothing half done is left |
| 2 | the arguments are wrong |
| 75 | another operation works on this database; try later |

Every command has these options besides its own, and Django's (`--help` lists them):

"""
TABLE = "| Argument | Meaning |\n| --- | --- |\n"
COMMON = ("--database", "--json")
DJANGO = {
    *("--help", "--version", "--verbosity", "--settings", "--pythonpath"),
    *("--traceback", "--no-color", "--force-color", "--skip-checks"),
}


def page() -> str:
    """Return the whole page."""
    commands = list(_commands())
    _, first = commands[0]
    text = HEAD + TABLE
    text += "".join(_row(each) for each in _actions(first) if _name(each) in COMMON)
    for name, command in commands:
        not_own = {*DJANGO, *COMMON}
        own = [each for each in _actions(command) if _name(each) not in not_own]
        text += f"\n## {name}\n\n{command.help}\n\n"
        text += f"    {' '.join([name, *map(_synopsis, own)])}\n"
        if own:
            text += "\n" + TABLE + "".join(map(_row, own))
    return text


def _commands() -> Iterator[tuple[str, StatesetCommand]]:
    for name, app in sorted(get_commands().items()):
        command: BaseCommand = load_command_class(app, name)
        if isinstance(command, StatesetCommand):
            yield name, command


def _actions(command: StatesetCommand) -> list[argparse.Action]:
    return list(command.create_parser("manage.py", "")._actions)


def _name(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else action.dest


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices and _name(action) not in COMMON:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest).upper()


def _synopsis(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return f"[{value} …]" if action.nargs == "*" else _optional(action, value)
    return _optional(action, f"{_name(action)} {value}".strip())


def _optional(action: argparse.Action, text: str) -> str:
    is_given = action.required and action.nargs != "?"
    return text if is_given else f"[{text}]"


def _row(action: argparse.Action) -> str:
    value = _value(action)
    term = f"{_name(action)} {value}".strip() if action.option_strings else value
    meaning = (action.help or "") % {"default": action.default}
    return f"| `{term.replace('|', ' or ')}` | {meaning} |\n"


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(page())
