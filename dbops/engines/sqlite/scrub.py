"""Write a draft anew: free pages and samples still hold what its rows were."""

from __future__ import annotations

from pathlib import Path

from dbops.disk import disk_errors, fsync_path, require_space
from dbops.engines.sqlite.connect import opened
from dbops.engines.sqlite.restore import remove

ANEW_SUFFIX = "-anew"
# It is there once somebody ran ANALYZE; others may hold samples of the rows.
STATISTICS = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"


def scrub(draft: Path) -> None:
    """Copy what a draft holds to a new file, and put that in its place."""
    anew = draft.with_name(draft.name + ANEW_SUFFIX)
    what = f"{draft.name} was not written anew."
    require_space(draft.parent, draft.stat().st_size, what)
    try:
        remove(anew)
        anew.touch(mode=0o600)
        with opened(draft, mode="rw") as database:
            if database.execute(STATISTICS).fetchone():
                database.execute("ANALYZE")
            database.execute("VACUUM INTO ?", [str(anew)])
        with disk_errors(what, draft.parent):
            fsync_path(anew)
            remove(draft)
            anew.rename(draft)
    finally:
        remove(anew)
