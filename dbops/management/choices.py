"""What commands share: how a backup or a time is named, what is not there."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.db import connections

from dbops.engines.options import MOST_JOBS
from stateset.lib.reports import Section

SHOWN = 20
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(text: str) -> timedelta:
    """Return a time span written 30s, 5m, 4h or 7d."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is no time span, as 30s, 5m, 4h or 7d")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def jobs(text: str) -> int:
    """Return a number of connections, as many as APP__BACKUP_JOBS may say."""
    if (wanted := count(text)) > MOST_JOBS:
        raise ArgumentTypeError(f"{text!r} is more than {MOST_JOBS}")
    return wanted


def not_on(alias: str, sentence: str) -> str:
    """Return what to say of a thing that the engine of a database has not got."""
    return sentence.format(engine=connections[alias].display_name)


def add_limit(parser: CommandParser) -> None:
    """Ask for how many rows of each table to show."""
    parser.add_argument(
        "--limit",
        type=count,
        default=SHOWN,
        metavar="N",
        help="At most so many rows of each table (default: %(default)s).",
    )


def add_location(parser: CommandParser, what: str) -> None:
    """Ask for the location of backups to look at."""
    parser.add_argument(
        "--location",
        metavar="LOCATION",
        help=f"{what} this location only, as APP__BACKUP_LOCATIONS names it (default:"
        " all).",
    )


def chosen(location: str | None) -> list[str]:
    """Return the names of the locations that were asked for; none stands for all."""
    return [] if location is None else [location]


def noted(notes: Sequence[str]) -> Section:
    """Return sentences as the last section of a report."""
    return Section([{"notes": note} for note in notes])


def add_backup_choice(
    parser: CommandParser, latest: str, *, is_required: bool = True
) -> Any:
    """Ask for an id or --latest, and return the group for further choices.

    ``latest`` says what is done, and with which backup.
    """
    which = parser.add_mutually_exclusive_group(required=is_required)
    which.add_argument("id", nargs="?", help="The backup's id, as backup prints.")
    which.add_argument("--latest", action="store_true", help=latest)
    return which
