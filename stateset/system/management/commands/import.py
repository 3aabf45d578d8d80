"""Stand before the command of import-export, which writes past our services."""

from __future__ import annotations

from stateset.system.importing.refused import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: use import_data."
    what = "Nothing was imported."
    why = "`import` writes rows past the services, which check and post them"
    fix = "use `python manage.py import_data MODEL FILE`, or Import over a list"
