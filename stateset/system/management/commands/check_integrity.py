"""Prove the books of every app: name each row that breaks one of their rules."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from stateset.lib.commands import StatesetCommand
from stateset.lib.errors import UsageError
from stateset.lib.invariants import Invariant, all_invariants
from stateset.lib.reports import Report


class Command(StatesetCommand):
    help = "Prove the books, and name each row that breaks a rule; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "check", nargs="*", help="The rules to prove (default: all of them)."
        )

    def run(self, *, check: list[str], **_options: Any) -> Report:
        rules = _chosen(check)
        rows = [
            {"check": rule.name, "subject": broken.subject, "found": broken.found}
            for rule in rules
            for broken in rule.find()
        ]
        broken_rules = len({row["check"] for row in rows})
        return Report(
            summary=f"{broken_rules} of {len(rules)} rules are broken"
            if rows
            else f"All {len(rules)} rules hold",
            rows=rows,
            exit_code=1 if rows else 0,
        )


def _chosen(names: list[str]) -> list[Invariant]:
    rules = {rule.name: rule for rule in all_invariants()}
    if unknown := set(names) - set(rules):
        raise UsageError(
            "Nothing was proven.",
            why=f"there is no rule {', '.join(sorted(unknown))}",
            fix=f"choose among {', '.join(rules)}",
        )
    return [rules[name] for name in names or rules]
