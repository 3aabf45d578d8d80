"""Prove the books of every app: name each row that breaks one of their rules."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report
from stateset.system.services.proving import prove_books


class Command(StatesetCommand):
    help = "Prove the books, and name each row that breaks a rule; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "check", nargs="*", help="The rules to prove (default: all of them)."
        )

    def run(self, *, check: list[str], **_options: Any) -> Report:
        proof = prove_books(names=check)
        rows = [
            {"check": rule.name, "subject": broken.subject, "found": broken.found}
            for rule, broken in proof.broken
        ]
        return Report(
            summary=f"{len(proof.counts)} of {len(proof.rules)} rules are broken"
            if rows
            else f"All {len(proof.rules)} rules hold",
            rows=rows,
            exit_code=1 if rows else 0,
        )
