"""How commands let people say which backup they mean."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser


def add_backup_choice(parser: CommandParser, verb: str) -> Any:
    """Ask for an id or --latest, and return the group for further choices."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", help="The backup's id, as backup prints.")
    which.add_argument(
        "--latest",
        action="store_true",
        help=f"{verb} the newest backup of the database.",
    )
    return which
