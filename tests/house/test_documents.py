"""What the pages promise is there: targets, commands, links, packages."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from itertools import product
from pathlib import Path

import pytest
from django.core.management import CommandError, get_commands, load_command_class
from django.core.management.base import BaseCommand

from dbops.monitoring import diagram
from tests.house import cli
from tests.house.licences import DOCUMENT, table
from tests.house.pages import anchors, lines, links, shell_commands
from tests.house.tree import ROOT, documents, none_of, place

MAKE_IN_TEXT = re.compile(r"`make ([a-z-]+)[^`]*`")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
OWN_SUBCOMMANDS = {"help", "version"}
PROGRAMS = ("manage.py", "manage")
"""The second one is deploy/manage."""


def test_every_make_target_named_exists() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    unknown = [
        f"{where}: make {target}"
        for page in documents()
        for where, target in make_targets(page)
        if target not in targets
    ]
    none_of(unknown)


def make_targets(page: Path) -> list[tuple[str, str]]:
    """Return the targets a page names, in its blocks and in its sentences."""
    in_blocks = [
        (place(page, line=number), word)
        for number, words in shell_commands(page, "make")
        for word in words
        if not word.startswith("-") and "=" not in word
    ]
    in_text = [
        (place(page, line=line.number), target)
        for line in lines(page)
        if not line.in_block
        for target in MAKE_IN_TEXT.findall(line.text)
    ]
    return in_blocks + in_text


def test_every_management_command_shown_can_be_typed() -> None:
    refused = []
    for page, program in product(documents(), PROGRAMS):
        for number, words in shell_commands(page, program):
            reason = why_refused(words)
            if reason:
                refused.append(f"{place(page, line=number)}: {reason}")
    none_of(refused)


def why_refused(words: list[str]) -> str:
    """Return what the command's own parser has against the words, if anything."""
    name, *arguments = words or [""]
    if name in OWN_SUBCOMMANDS:
        return ""
    app = get_commands().get(name)
    if app is None:
        return f"there is no command {name!r}"
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    parser: ArgumentParser = command.create_parser("manage.py", name)
    try:
        parser.parse_args(arguments)
    except CommandError as error:
        return str(error)
    except SystemExit:  # what --help ends with
        return ""
    return ""


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["migrate", "--plan"], ""),
        (["no_such_command"], "there is no command 'no_such_command'"),
        (["migrate", "--no-such"], "Error: unrecognized arguments: --no-such"),
    ],
)
def test_the_check_of_commands_refuses_what_is_wrong(
    words: list[str], reason: str
) -> None:
    assert why_refused(words) == reason


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{place(page, line=number)}: {target}"
        for page in documents()
        for number, target in links(page)
        if not leads_somewhere(page, target)
    ]
    none_of(broken)


def leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    there = (page.parent / name) if name else page
    return there.exists() and (not anchor or anchor in anchors(there))


def test_the_changelog_has_a_part_for_what_is_not_released() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## Unreleased$", changelog, re.MULTILINE)


def test_the_commands_are_those_of_the_page() -> None:
    assert cli.DOCUMENT.read_text(encoding="utf-8") == cli.page(), "run: make cli"


def test_the_schema_is_that_of_the_models() -> None:
    shown = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    assert shown == diagram.page(), "run: make schema"


def test_the_licences_listed_are_those_of_the_packages_delivered() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == table(), "run: make licences"
