"""Which commit of the code this is, read where git keeps it."""

from __future__ import annotations

from pathlib import Path


def git_revision(root: Path) -> str:
    """Return the commit that ``root`` is checked out at, nothing where it is none.

    Files are read instead of running git, which a server seldom has.
    """
    folder = root / ".git"
    try:
        head = (folder / "HEAD").read_text(encoding="ascii").strip()
        name = head.removeprefix("ref: ")
        if name == head:
            return head
        loose = folder / name
        if loose.exists():
            return loose.read_text(encoding="ascii").strip()
        packed = (folder / "packed-refs").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
    commits = dict(
        line.split(" ")[::-1] for line in packed.splitlines() if name in line
    )
    return commits.get(name, "")
