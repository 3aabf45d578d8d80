"""The base of every command: one contract for options, output and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DEFAULT_DB_ALIAS, ProgrammingError, connections
from django.dispatch import Signal
from django.utils import timezone

from stateset.lib.databases import is_forbidden
from stateset.lib.errors import BUSY, NotConfirmedError, StatesetError
from stateset.lib.reports import (
    LINE,
    Report,
    Section,
    render_facts,
    render_section,
    render_table,
)

# As the shell counts it: 128 and SIGINT.
STOPPED = 130

command_ended = Signal()
"""Sent by what was typed or started by cron, when it has ended: with ``name``, what it
is ``called``, ``database``, ``error`` (None where it went well) and
``is_watched_by_a_person``. One that met another run on its database says nothing, as it
will be tried again; nor does one that did nothing but show something."""


def forget_output() -> None:
    """Have what is still to be written to standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class StatesetCommand(BaseCommand):
    """Parse, call one flow through ``run``, print its report.

    The only place that turns a :class:`StatesetError`, or a right that the role
    lacks, into an exit code. Commands that must work while the site is broken keep
    ``requires_system_checks`` empty.
    """

    requires_system_checks: tuple[str, ...] = ()
    _called_from_command_line: bool
    refused_exit_code: int | None = None
    """What a refusal exits with where the usual code would mean something else."""

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument(
            "--database",
            default=DEFAULT_DB_ALIAS,
            choices=tuple(connections),
            help="The alias of the database to work on; no other one is opened.",
        )
        parser.add_argument(
            "--json",
            action="store_true",
            dest="as_json",
            help="Print one JSON object on standard output.",
        )
        return parser

    def run(self, *args: Any, **options: Any) -> Report:
        """Do the work and return what there is to say."""
        raise CommandError(f"{type(self).__module__} has no run method.")

    def acts(self, *args: Any, **options: Any) -> bool:
        """Tell whether a run with these options does more than show something."""
        return True

    def called(self, *args: Any, **options: Any) -> str:
        """Return what a run with these options is called.

        One that goes well says nothing of those that are called otherwise.
        """
        return self._name

    @property
    def _name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            result = super().execute(*args, **options)
        except StatesetError as error:
            self._has_ended(options, error)
            raise self._refusal(error) from error
        except ProgrammingError as error:
            if not is_forbidden(error):
                self._has_ended(options, _unforeseen(error))
                raise
            refused = StatesetError(
                "The database refused it.",
                why=str(error).strip().splitlines()[0],
                fix="use the role that owns the tables, or have it granted",
            )
            self._has_ended(options, refused)
            raise self._refusal(refused) from error
        except BrokenPipeError:
            raise
        except KeyboardInterrupt as stop:
            raise CommandError(
                f"{self._name} was stopped.\n"
                "  why: signal 2, as Ctrl-C sends it\n"
                "  fix: run it again to have the rest done",
                returncode=STOPPED,
            ) from stop
        except Exception as error:
            self._has_ended(options, _unforeseen(error))
            raise
        self._has_ended(options, None)
        return result

    @property
    def is_unattended(self) -> bool:
        """Whether it was started by a program, as cron, and nobody sees its trouble."""
        return self._called_from_command_line and not sys.stderr.isatty()

    def _has_ended(
        self, options: Mapping[str, Any], error: StatesetError | None
    ) -> None:
        if not self._called_from_command_line or not self.acts(**options):
            return
        if getattr(error, "exit_code", 0) == BUSY:
            return
        command_ended.send(
            sender=type(self),
            name=self._name,
            called=self.called(**options),
            database=str(options.get("database", DEFAULT_DB_ALIAS)),
            error=error,
            is_watched_by_a_person=not self.is_unattended,
        )

    def _refusal(self, error: StatesetError) -> CommandError:
        code = self.refused_exit_code or error.exit_code
        return CommandError(str(error), returncode=code)

    def handle(self, *, as_json: bool, **options: Any) -> None:
        report = self.run(**options)
        try:
            if as_json:
                self.stdout.write(
                    json.dumps(report.as_dict(), cls=DjangoJSONEncoder, indent=2)
                )
            else:
                self.print_report(report)
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            forget_output()
            raise CommandError(
                "The work is done, but its result could not be written.\n"
                f"  why: standard output: {error.strerror}\n"
                "  fix: make room there, or send the output elsewhere"
            ) from error
        if report.exit_code:
            self._has_ended(options, StatesetError(report.summary))
            sys.exit(report.exit_code)

    def print_report(self, report: Report) -> None:
        """Print the table or the facts, then the dated line a cron log keeps."""
        if report.sections:
            self._print_sections(report.sections)
        elif report.rows:
            self.stdout.write(render_table(report.rows))
        elif report.facts and self.stdout.isatty():
            self.stdout.write(render_facts(report.facts))
        if self.stdout.isatty():
            self.stdout.write(report.summary)
        else:
            now = timezone.now().isoformat(timespec="seconds")
            self.stdout.write(f"{now} {report.summary}")
        if report.last_line:
            self.stdout.write(report.last_line)

    def _print_sections(self, sections: Sequence[Section]) -> None:
        width = LINE
        if self.stdout.isatty():
            width = max(LINE, shutil.get_terminal_size().columns)
        shown = [
            render_section(section, width=width) for section in sections if section.rows
        ]
        if shown:
            self.stdout.write("\n\n".join(shown))

    def confirm(self, plan: str, *, name: str, given: str | None) -> None:
        """Show the plan, then go on only if ``name`` was given or is typed.

        Raises NotConfirmedError, with nothing changed, in every other case.
        """
        self.stderr.write(plan)
        answer = given
        if answer is None and sys.stdin.isatty():
            # Standard output is for the result, and may be a file.
            self.stderr.write(
                f"Type {name} to go on (anything else stops): ", ending=""
            )
            self.stderr.flush()
            answer = sys.stdin.readline()
        if answer is None:
            raise NotConfirmedError(
                "Nothing was changed.",
                why="this destroys data, and there is no terminal to ask on",
                fix=f"read the plan above, then add --confirm {name}",
            )
        if answer.strip() != name:
            raise NotConfirmedError(
                "Nothing was changed.",
                why=f"{answer.strip() or 'nothing'!r} is not {name!r}",
                fix=f"give the name exactly: --confirm {name}",
            )


def _unforeseen(error: Exception) -> StatesetError:
    lines = str(error).strip().splitlines()
    why = f"{type(error).__name__}: {lines[0] if lines else 'nothing more was said'}"
    return StatesetError("It broke off.", why=why, fix="see its output for more")
