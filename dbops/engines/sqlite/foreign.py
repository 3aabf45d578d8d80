"""A database file that another program wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dbops.disk import chunks_of
from dbops.engines.base import Contents, Source, refused_kind
from dbops.engines.kinds import SQLITE, kind_of
from dbops.engines.sqlite.restore import SIDE_SUFFIXES, drafted
from dbops.errors import RestoreRefusedError


@contextmanager
def drafted_from_file(
    file: Path, target: str, *, check: Callable[[Contents], None]
) -> Iterator[str]:
    """Copy it beside the target; integrity and foreign keys are proven as ever."""
    kind = kind_of(file)
    if kind != SQLITE:
        raise refused_kind(kind, "an SQLite database takes database files")
    _require_alone(file)
    source = Source(chunks_of(file), file.stat().st_size)
    like = Contents(Path(target).name, 0, "", "", {}, ())
    with drafted(source, target, like=like, check=check) as draft:
        yield draft


def _require_alone(file: Path) -> None:
    """Refuse a database whose newest rows may lie in a file beside it."""
    for suffix in SIDE_SUFFIXES:
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            raise RestoreRefusedError(
                f"{file.name} was not restored.",
                why=f"{beside.name} lies beside it, which may hold rows that are not in"
                " it yet",
                fix=f"make one file of them: sqlite3 {file.name}"
                " \".backup 'whole.db'\", then give that one",
            )
