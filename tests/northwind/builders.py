"""Northwind as its README imports it."""

from __future__ import annotations

import shlex
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

README = Path("docs/examples/northwind/README.md")
COMMAND = "python manage.py import_data "


def commands() -> list[list[str]]:
    """Return the arguments of each import the README shows, in its order."""
    text = (settings.BASE_DIR / README).read_text(encoding="utf-8")
    return [
        shlex.split(line.removeprefix(COMMAND))
        for line in text.splitlines()
        if line.startswith(COMMAND)
    ]


def import_northwind() -> list[str]:
    """Run the commands of the README; return what each says, without its date."""
    said = []
    for arguments in commands():
        out = StringIO()
        call_command("import_data", *arguments, stdout=out)
        said.append(out.getvalue().strip().partition(" ")[2])
    return said
