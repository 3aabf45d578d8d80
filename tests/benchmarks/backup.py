"""Our backup of PostgreSQL beside its peers, as ratios of one run.

Run it as ``python -m tests.benchmarks.backup --orders 43000`` (1 GB; 172000 are 4 GB).
It starts a server of its own and fills it by ``seed_demo`` (or takes the database of
``--url``), and asks in turn, so that a slow minute hits all: us, with every hash, count
and the manifest; the bare pipe ``pg_dump -Fc -Z0 | zstd -1 -T2``; the guide's script,
``pg_dump -Fc`` then ``gzip``; and django-dbbackup from PyPI in an environment of its
own. The same for the restore with all its checks, beside bare ``pg_restore -j2``. At
the end the same backup goes to an S3 server of its own on this machine, which takes a
share of its cores.
Exits with 1 where a goal is missed; below half a gigabyte nothing is judged but
memory, since there the start of the programs is most of the time.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import django
import psycopg

from tests.benchmarks._contest import (
    compete,
    fill,
    judged,
    peak_mebibytes,
    say,
)
from tests.benchmarks._peers import Dbbackup, Peers
from tests.dbops.s3.conftest import client_of
from tests.services.postgresql import find_programs, postgresql_server
from tests.services.s3 import s3_server

DATABASE = "benchmark"
SERVER = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "maintenance_work_mem": "128MB",
}
LARGE = 500_000_000
OF_BARE = 1.3
OF_GUIDE = 1 / 5
OF_BARE_RESTORE = 1.25
MOST_MEBIBYTES = 128


def main(arguments: list[str]) -> int:
    """Fill, measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", default="", help="A database that is filled already.")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = options.url
        if not url:
            server = stack.enter_context(postgresql_server(SERVER))
            url = f"{server.url.rpartition('/')[0]}/{DATABASE}"
        peers = Peers(url, find_programs(), folder)
        configure(peers)
        if not options.url:
            peers.execute(f"CREATE DATABASE {DATABASE}")
            fill(options.orders)
        size = analysed(url)
        say(f"database: {size / 1e6:.0f} MB")
        return measure(peers, options.rounds, is_large=size >= LARGE)


def analysed(url: str) -> int:
    """Have the server know its tables, and return the size in bytes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT pg_database_size(current_database())")
        return int((row.fetchone() or (0,))[0])


def measure(peers: Peers, rounds: int, *, is_large: bool) -> int:
    """Let each contest run, then judge."""
    from dbops.backups.create import create_backup
    from dbops.backups.restore import restore_backup

    dbbackup = Dbbackup(peers)
    say(f"django-dbbackup: {dbbackup.install()}")
    of_bare, of_guide, of_dbbackup = compete(
        "backup",
        lambda: create_backup(verify="none"),
        {
            "bare pg_dump and zstd": peers.bare_backup,
            "the guide's script": peers.guide_backup,
            "django-dbbackup": dbbackup.backup,
        },
        rounds,
    )
    compete(
        "backup, verified by decoding",
        create_backup,
        {"bare pg_dump and zstd": peers.bare_backup},
        rounds,
    )

    def ours_back() -> None:
        restore_backup(into="ours")

    def bare_back() -> None:
        peers.bare_restore("bare")

    [of_restore] = compete(
        "restore with all checks",
        then_dropped(ours_back, peers, "ours"),
        {"bare pg_restore -j2": then_dropped(bare_back, peers, "bare")},
        rounds,
    )
    ours, guides = our_bytes(peers.folder), peers.guide_file.stat().st_size
    bare = peers.bare_file.stat().st_size
    sizes = [f"{each / 1e6:.1f}" for each in (ours, bare, guides)]
    say("files: ours {}, bare {}, the guide's {} MB".format(*sizes))
    memory, with_s3 = peak_mebibytes("backup", "--verify=none"), peak_with_s3()
    say(f"peak memory of our command: {memory} MiB, to S3 {with_s3} MiB")
    goals = {
        f"peak memory below {MOST_MEBIBYTES} MiB, with S3 {with_s3}": (
            max(memory, with_s3) < MOST_MEBIBYTES
        )
    }
    if is_large:
        goals |= {
            f"backup at most {OF_BARE} of the bare pipe": of_bare <= OF_BARE,
            "5 times faster than the guide's script": of_guide <= OF_GUIDE,
            "5 times faster than django-dbbackup": of_dbbackup <= OF_GUIDE,
            "file no larger than the guide's": ours <= guides,
            f"restore at most {OF_BARE_RESTORE} of bare": of_restore <= OF_BARE_RESTORE,
        }
    return judged(goals)


def then_dropped(
    action: Callable[[], object], peers: Peers, database: str
) -> Callable[[], object]:
    """Return the action followed by the drop of what it made, which is quick."""

    def both() -> None:
        action()
        peers.drop(database)

    return both


def our_bytes(folder: Path) -> int:
    """Return the size of our newest backup's data."""
    return sorted((folder / "backups").rglob("*.zst"))[-1].stat().st_size


def peak_with_s3() -> int:
    """Return the MiB that a backup to the bucket of a new server takes."""
    with s3_server() as server:
        keys = {
            "AWS_S3_BUCKET": "benchmark",
            "AWS_S3_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": server.access_key,
            "AWS_SECRET_ACCESS_KEY": server.secret_key,
        }
        client_of(server).create_bucket(Bucket="benchmark")
        return peak_mebibytes("backup", "--verify=none", **keys)


def configure(peers: Peers) -> None:
    """Have the project work on the benchmark's database."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "stateset.settings",
        "APP__ENVIRONMENT": "test",
        "APP__DATABASE_URL": peers.url,
        "BACKUP_DIR": str(peers.folder / "backups"),
        "PG_BIN": str(peers.bin_dir),
    }
    django.setup()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
