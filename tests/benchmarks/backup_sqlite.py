"""Our backup of SQLite beside ``sqlite3 .backup`` and ``zstd -1``, in one run.

Run it as ``python -m tests.benchmarks.backup_sqlite --orders 43000`` (about 1 GB,
made by ``seed_demo``). Ours counts all rows, checks the copy, hashes and writes the
manifest. The peer copies to a file, packs that, and looks at nothing.
Exits with 1 where our process takes more memory than its goal.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import django

from tests.benchmarks._contest import compete, fill, judged, peak_mebibytes, say

MOST_MEBIBYTES = 128


def main(arguments: list[str]) -> int:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path, help="A database that is filled already.")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="stateset-benchmark-") as place:
        folder = Path(place)
        database = options.file or folder / "benchmark.db"
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "stateset.settings",
            "APP__ENVIRONMENT": "test",
            "APP__DATABASE_URL": f"sqlite:///{database}?mode=rwc",
            "BACKUP_DIR": str(folder / "backups"),
        }
        django.setup()
        if not options.file:
            fill(options.orders)
        say(f"database: {database.stat().st_size / 1e6:.0f} MB")
        return measure(database, folder, options.rounds)


def measure(database: Path, folder: Path, rounds: int) -> int:
    """Alternate ours and the bare programs, then judge."""
    from dbops.backups.create import create_backup

    copy, packed = folder / "copy", folder / "copy.zst"

    def bare() -> None:
        packed.unlink(missing_ok=True)
        subprocess.run(["sqlite3", database, f".backup '{copy}'"], check=True)
        subprocess.run(
            ["zstd", "-1", "-T2", "-q", "--rm", copy, "-o", packed], check=True
        )

    peers = {"sqlite3 .backup and zstd": bare}
    compete("backup", lambda: create_backup(verify="none"), peers, rounds)
    compete("backup, verified by decoding", create_backup, peers, rounds)
    ours = sorted((folder / "backups").rglob("*.zst"))[-1].stat().st_size
    say(f"files: ours {ours / 1e6:.1f}, bare {packed.stat().st_size / 1e6:.1f} MB")
    memory = peak_mebibytes("backup", "--verify=none")
    say(f"peak memory of our command: {memory} MiB")
    return judged({f"peak memory below {MOST_MEBIBYTES} MiB": memory < MOST_MEBIBYTES})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
