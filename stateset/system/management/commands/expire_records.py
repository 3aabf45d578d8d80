from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from stateset.lib.commands import StatesetCommand
from stateset.lib.expiry import expire_records
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "End what ran out: carts, unpaid orders, reservations; safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "rules", nargs="*", metavar="RULE", help="The rules (default: all of them)."
        )

    def run(self, *, rules: list[str], **_options: Any) -> Report:
        ended = expire_records(rules=rules, at=timezone.now())
        return Report(
            summary=", ".join(f"{count:,} {rule.ended}" for rule, count in ended),
            rows=[{"rule": rule.name, "ended": count} for rule, count in ended],
        )
