"""What a file of rows is, by its first bytes: names lie."""

from __future__ import annotations

from pathlib import Path

ARCHIVE = "an archive of pg_dump"
FOLDER, TAR = "a directory of pg_dump", "a tar of such a directory"
SQLITE = "an SQLite database"
SQL = "SQL text"
EMPTY = "empty"
UNKNOWN = "neither a dump nor a database"
MAGIC = {b"PGDMP": ARCHIVE, b"SQLite format 3\0": SQLITE}
HEAD_BYTES = 8192
TAR_MAGIC, TAR_OFFSET = b"ustar", 257
CONTENTS = "toc.dat"


def kind_of(file: Path) -> str:
    """Return what a file, or a folder, is; its name is not asked."""
    if file.is_dir():
        return FOLDER if (file / CONTENTS).is_file() else UNKNOWN
    with file.open("rb") as opened:
        head = opened.read(HEAD_BYTES)
    if not head.strip():
        return EMPTY
    for magic, kind in MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith(TAR_MAGIC, TAR_OFFSET):
        return TAR
    return UNKNOWN if b"\0" in head else SQL
