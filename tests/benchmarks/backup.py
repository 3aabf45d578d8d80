"""Our backup beside bare ``pg_dump -Fc -Z0 | zstd -1 -T2``, as a ratio of one run.

Run it as ``python -m tests.benchmarks.backup --megabytes 500``. It starts a
server of its own and alternates the two, so that a slow minute hits both. The same
for the restore, beside bare ``pg_restore -j2``. At the end the same backup goes to an
S3 server of its own on this machine, which takes a share of its cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import django
import psycopg
from django.core.files.storage import storages
from django.test import override_settings

from tests.services.postgresql import PostgresqlServer, postgresql_server
from tests.services.s3 import s3_server

Words = list[str | Path]

DATABASE = "benchmark"
BYTES_PER_ROW = 290
SCHEMA = """
    CREATE TABLE customers (id integer PRIMARY KEY, email text NOT NULL UNIQUE);
    CREATE TABLE orders (
        id uuid PRIMARY KEY, order_number text NOT NULL, customer_id integer NOT NULL
        REFERENCES customers (id), status text NOT NULL, total numeric(19,4) NOT NULL,
        placed_at timestamptz NOT NULL, note text NOT NULL
    );
    CREATE INDEX ON orders (customer_id);
"""
CUSTOMERS = """
    INSERT INTO customers
    SELECT n, 'customer' || n || '@example.com' FROM generate_series(1, %s) n
"""
ORDERS = """
    INSERT INTO orders
    SELECT gen_random_uuid(), 'SO-' || lpad(n::text, 9, '0'), 1 + n %% %s,
           (array['pending', 'processing', 'shipped', 'delivered'])[1 + n %% 4],
           (n %% 99999) / 7.0, timestamptz '2026-01-01' + n * interval '7 seconds',
           'to ' || md5(n::text) || ' by ' || md5((n / 5)::text) || ', ' || repeat(
               'leave at the door ', n %% 4)
    FROM generate_series(1, %s) n
"""


def main(arguments: list[str]) -> int:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    settings = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
    with (
        postgresql_server(settings) as server,
        tempfile.TemporaryDirectory(prefix="stateset-benchmark-") as folder,
    ):
        size = generate(server, options.megabytes)
        say(f"database: {size / 1e6:.0f} MB")
        measure(server, Path(folder), options.rounds)
    return 0


def generate(server: PostgresqlServer, megabytes: int) -> int:
    """Make the database and return its size in bytes."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    rows = megabytes * 1_000_000 // BYTES_PER_ROW
    with psycopg.connect(url_of(server), autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        customers = max(rows // 20, 1)
        connection.execute(CUSTOMERS.encode(), [customers])
        connection.execute(ORDERS.encode(), [customers, rows])
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT pg_database_size(current_database())")
        return int((row.fetchone() or (0,))[0])


def measure(server: PostgresqlServer, folder: Path, rounds: int) -> None:
    """Alternate ours and the bare programs; the medians make the ratio."""
    configure(server, folder)
    from dbops.backups.create import create_backup
    from dbops.backups.restore import restore_backup

    bare_file = folder / "bare.dump.zst"
    copies = iter(range(10 * rounds))
    contests: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "backup": (
            lambda: create_backup(verify="none"),
            lambda: bare_backup(server, bare_file),
        ),
        "backup, verified by decoding": (
            create_backup,
            lambda: bare_backup(server, bare_file),
        ),
        "restore": (
            lambda: restore_backup(into=f"copy{next(copies)}"),
            lambda: bare_restore(server, bare_file, f"copy{next(copies)}"),
        ),
    }
    for name, (ours, bare) in contests.items():
        own, other = [], []
        for _ in range(rounds):
            other.append(timed(bare))
            own.append(timed(ours))
        ratio = statistics.median(own) / statistics.median(other)
        say(f"{name}: ours {listed(own)} s, bare {listed(other)} s, ratio {ratio:.2f}")
    say(f"bare file: {bare_file.stat().st_size / 1e6:.0f} MB")
    newest = sorted((folder / "backups").glob("*.zst"))[-1]
    say(f"our file: {newest.stat().st_size / 1e6:.0f} MB")
    say(f"peak memory of our process: {peak_mebibytes()} MiB")
    to_s3 = [timed(lambda: to_bucket(create_backup)) for _ in range(rounds)]
    say(f"backup to S3, with the server's start: {listed(to_s3)} s")
    say(f"peak memory of our process, S3 included: {peak_mebibytes()} MiB")


def to_bucket(create: Callable[..., object]) -> None:
    """Make a backup in a bucket of a new server."""
    with s3_server() as server:
        options = {
            "bucket_name": "benchmark",
            "endpoint_url": server.url,
            "access_key": server.access_key,
            "secret_key": server.secret_key,
            "addressing_style": "path",
            "location": "backups",
        }
        place = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        with override_settings(STORAGES={"backups": place}):
            bucket: Any = storages["backups"]
            bucket.connection.create_bucket(Bucket="benchmark")
            create(verify="none")


def peak_mebibytes() -> int:
    """Return the most memory that this process has had so far."""
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def configure(server: PostgresqlServer, folder: Path) -> None:
    """Have the project work on the generated database."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "stateset.settings",
        "APP__ENVIRONMENT": "test",
        "APP__DATABASE_URL": url_of(server),
        "BACKUP_DIR": str(folder / "backups"),
        "PG_BIN": str(server.bin_dir),
    }
    django.setup()


def bare_backup(server: PostgresqlServer, target: Path) -> None:
    """Do what the shell does: one pipe, no check of anything."""
    target.unlink(missing_ok=True)
    dump: Words = [server.bin_dir / "pg_dump", "-Fc", "-Z0", url_of(server)]
    pack: Words = ["zstd", "-1", "-T2", "-q", "-o", target]
    with subprocess.Popen(dump, stdout=subprocess.PIPE) as pg_dump:
        subprocess.run(pack, stdin=pg_dump.stdout, check=True)


def bare_restore(server: PostgresqlServer, source: Path, into: str) -> None:
    """Unpack to a file, create, restore; no check of anything."""
    archive = source.with_name("bare.dump")
    subprocess.run(["zstd", "-d", "-q", "-f", source, "-o", archive], check=True)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {into}".encode())
    restore: Words = [server.bin_dir / "pg_restore", "-j2", "--no-owner", "-d"]
    subprocess.run([*restore, url_of(server, into), archive], check=True)


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that ``action`` took."""
    begun = perf_counter()
    action()
    return perf_counter() - begun


def url_of(server: PostgresqlServer, database: str = DATABASE) -> str:
    """Return the address of one database of the server."""
    return f"{server.url.rpartition('/')[0]}/{database}"


def listed(seconds: list[float]) -> str:
    """Return the single times, so that their spread shows."""
    return " ".join(f"{each:.2f}" for each in seconds)


def say(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
