"""What our backup is held against: the guide's script, bare programs, dbbackup."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

Words = list[str | Path]

# The smallest project that django-dbbackup runs in, with what it does by itself.
DBBACKUP_SETTINGS = """
import os
from urllib.parse import urlsplit

found = urlsplit(os.environ["PEER_URL"])
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": found.path[1:],
    "USER": found.username, "PASSWORD": found.password, "HOST": found.hostname,
    "PORT": found.port,
}}
INSTALLED_APPS = ["dbbackup"]
SECRET_KEY = "of no use here"
USE_TZ = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "dbbackup": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": os.environ["PEER_FOLDER"]},
    },
}
"""


@dataclass(frozen=True)
class Peers:
    """Programs of ``bin_dir`` on the database of ``url``; files go to ``folder``."""

    url: str
    bin_dir: Path
    folder: Path

    @property
    def bare_file(self) -> Path:
        """What ``bare_backup`` wrote."""
        return self.folder / "bare.dump.zst"

    @property
    def guide_file(self) -> Path:
        """What ``guide_backup`` wrote."""
        return self.folder / "guide.dump.gz"

    def bare_backup(self) -> None:
        """Do what the shell does: one pipe, no check of anything."""
        self.bare_file.unlink(missing_ok=True)
        dump: Words = [self.bin_dir / "pg_dump", "-Fc", "-Z0", self.url]
        pack: Words = ["zstd", "-1", "-T2", "-q", "-o", self.bare_file]
        with subprocess.Popen(dump, stdout=subprocess.PIPE) as pg_dump:
            subprocess.run(pack, stdin=pg_dump.stdout, check=True)
        if pg_dump.returncode:
            raise RuntimeError(f"pg_dump ended with {pg_dump.returncode}")

    def bare_parallel_backup(self, jobs: int) -> None:
        """Do the same with several connections: a directory, then one pipe."""
        self.bare_file.unlink(missing_ok=True)
        place = self.folder / "bare.dir"
        form: Words = ["-Fd", f"-j{jobs}", "-Z0", "--no-sync", "-f", place]
        subprocess.run([self.bin_dir / "pg_dump", *form, self.url], check=True)
        gather: Words = ["tar", "c", "-C", place, "."]
        pack: Words = ["zstd", "-1", "-T2", "-q", "-o", self.bare_file]
        with subprocess.Popen(gather, stdout=subprocess.PIPE) as tar:
            subprocess.run(pack, stdin=tar.stdout, check=True)
        shutil.rmtree(place)

    def bare_restore(self, into: str) -> None:
        """Unpack to a file, create, restore; no check of anything."""
        archive = self.folder / "bare.dump"
        words: Words = ["zstd", "-d", "-q", "-f", self.bare_file, "-o", archive]
        subprocess.run(words, check=True)
        self.execute(f"CREATE DATABASE {into}")
        target = self.url.rpartition("/")[0] + f"/{into}"
        restore: Words = [self.bin_dir / "pg_restore", "-j2", "--no-owner"]
        subprocess.run([*restore, "-d", target, archive], check=True)
        archive.unlink()

    def guide_backup(self) -> None:
        """Do what the guide's script does: ``pg_dump``, then ``gzip``."""
        self.guide_file.unlink(missing_ok=True)
        archive = self.guide_file.with_suffix("")
        dump: Words = [self.bin_dir / "pg_dump", self.url, "--format=custom"]
        subprocess.run([*dump, f"--file={archive}"], check=True)
        subprocess.run(["gzip", archive], check=True)

    def execute(self, statement: str) -> None:
        """Run one statement outside the database that is backed up."""
        server = self.url.rpartition("/")[0] + "/postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement.encode())

    def drop(self, database: str) -> None:
        """Drop what a restore made."""
        self.execute(f"DROP DATABASE {database}")


@dataclass(frozen=True)
class Dbbackup:
    """django-dbbackup with an environment of its own."""

    peers: Peers

    @property
    def home(self) -> Path:
        """Where its environment, its settings and its backups are."""
        return self.peers.folder / "dbbackup"

    def install(self) -> str:
        """Make the environment from PyPI, and return which version it has."""
        subprocess.run([sys.executable, "-m", "venv", self.home], check=True)
        pip: Words = [self.home / "bin" / "python", "-m", "pip"]
        pip.append("--disable-pip-version-check")
        wanted = ["django-dbbackup>=5", "psycopg[binary]"]
        subprocess.run([*pip, "install", "-q", *wanted], check=True)
        (self.home / "peer_settings.py").write_text(DBBACKUP_SETTINGS, encoding="utf-8")
        shown = subprocess.run(
            [*pip, "show", "django-dbbackup"],
            check=True,
            capture_output=True,
            text=True,
        )
        return shown.stdout.splitlines()[1]

    def backup(self) -> None:
        """Have it make one backup, as it does by itself: ``pg_dump -Fc``, one file."""
        folder = self.home / "backups"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        found = urlsplit(self.peers.url)
        environment = os.environ | {
            "PEER_URL": self.peers.url,
            "PEER_FOLDER": str(folder),
            "PYTHONPATH": str(self.home),
            "DJANGO_SETTINGS_MODULE": "peer_settings",
            "PGPASSWORD": found.password or "",
            "PATH": f"{self.peers.bin_dir}{os.pathsep}{os.environ['PATH']}",
        }
        subprocess.run(
            [self.home / "bin" / "django-admin", "dbbackup", "--noinput"],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not any(each.stat().st_size for each in folder.iterdir()):
            raise RuntimeError("django-dbbackup wrote nothing")
