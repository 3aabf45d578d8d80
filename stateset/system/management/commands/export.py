"""Stand before the command of import-export, which reads past permissions."""

from __future__ import annotations

from stateset.system.importing.refused import RefusedCommand


class Command(RefusedCommand):
    help = "Refused: export from the lists of the admin."
    what = "Nothing was exported."
    why = "`export` writes every column of a table, secrets included"
    fix = "open the list in the admin and use Export, which honours its filters"
