"""Prove the books of every app: name each row that breaks one of their rules."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from stateset.lib.commands import StatesetCommand
from stateset.lib.reports import Report, Section
from stateset.system.services.proving import Proof, prove_books


class Command(StatesetCommand):
    help = (
        "Prove the books, and name each row that breaks a rule; changes nothing."
        " -v 2 shows how long each rule took."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "check", nargs="*", help="The rules to prove (default: all of them)."
        )

    def called(self, *, check: list[str], **_options: Any) -> str:
        # A few rules that hold do not say that all do.
        return " ".join(["check_integrity", *check])

    def run(self, *, check: list[str], verbosity: int, **_options: Any) -> Report:
        proof = prove_books(names=check)
        rows = [
            {"check": rule.name, "subject": broken.subject, "found": broken.found}
            for rule, broken in proof.broken
        ]
        rules = _rules(proof)
        sections = []
        if verbosity > 1:
            sections = [Section(rows, below="found"), Section(rules, title="rules")]
        elif not rows:
            # Nothing to read but the summary.
            sections = [Section([])]
        return Report(
            summary=f"{len(proof.counts)} of {len(proof.rules)} rules are broken"
            if rows
            else f"All {len(proof.rules)} rules hold",
            facts={"rules": rules},
            rows=rows,
            sections=sections,
            exit_code=1 if rows else 0,
        )


def _rules(proof: Proof) -> list[dict[str, Any]]:
    """Return each rule with the rows that break it and its time, the slowest first."""
    slowest = sorted(proof.seconds.items(), key=lambda each: -each[1])
    return [
        {"check": name, "rows": proof.counts[name], "seconds": round(taken, 3)}
        for name, taken in slowest
    ]
