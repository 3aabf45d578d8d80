"""What we write opens with the tools everybody has."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from pytest_django import Settings

from dbops.backups.create import create_backup
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.tools import require_tool
from tests.house.tree import ROOT

SHOWN = "stateset_20261123_020000"


def run(*arguments: str | Path) -> bytes:
    require_tool(str(arguments[0]))
    return subprocess.run(arguments, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("packing", "tool"), [("zstd", ("zstd", "-dc")), ("gzip", ("gunzip", "-c"))]
)
def test_the_packing_opens_by_hand(
    shop: Shop, packing: str, tool: Sequence[str]
) -> None:
    manifest = create_backup(alias=ALIAS, packing=packing, verify="none")
    plain = run(*tool, shop.backup_folder / manifest.file_name)
    assert sha256(plain).hexdigest() == manifest.plain.sha256


def test_what_is_encrypted_opens_by_hand(
    shop: Shop, tmp_path: Path, settings: Settings
) -> None:
    key = tmp_path / "identity.txt"
    run("age-keygen", "-o", key)
    settings.BACKUP_AGE_RECIPIENTS = [run("age-keygen", "-y", key).decode().strip()]
    manifest = create_backup(alias=ALIAS, verify="none")
    packed, dump = tmp_path / "dump.zst", tmp_path / "dump"
    run("age", "-d", "-i", key, "-o", packed, shop.backup_folder / manifest.file_name)
    run("zstd", "-q", "-d", packed, "-o", dump)
    if shop.engine == "postgresql":
        assert b"TABLE DATA public orders" in run("pg_restore", "-l", dump)
    else:
        assert run("sqlite3", dump, "SELECT COUNT(*) FROM orders") == b"300\n"


@pytest.mark.postgresql
def test_a_directory_opens_as_the_guide_for_operators_shows(
    shop: Shop, tmp_path: Path, settings: Settings
) -> None:
    for tool in ("age", "zstd", "gunzip", "tar"):
        require_tool(tool)
    run("age-keygen", "-o", tmp_path / "identity.txt")
    key = run("age-keygen", "-y", tmp_path / "identity.txt").decode().strip()
    settings.BACKUP_JOBS = 2
    shop.run(f'CREATE DATABASE "{shop.name}_copy"', "postgres")
    make, unpack, (look, restore) = shown_for_a_directory()

    assert len(unpack) == 6
    for ending, opening in unpack.items():
        settings.BACKUP_AGE_RECIPIENTS = [key] if ending.endswith(".age") else []
        packing = "zstd" if ".zst" in ending else "gzip" if ".gz" in ending else "none"
        manifest = create_backup(alias=ALIAS, packing=packing, verify="none")
        assert manifest.file_name == f"{manifest.id}{ending}"
        opening = opening.replace(SHOWN, f"backups/{manifest.id}")
        listed = follow(shop, tmp_path, make, opening, look)
        assert b"TABLE DATA public orders" in listed, ending
    follow(shop, tmp_path, make, opening, restore)
    assert shop.count("orders", f"{shop.name}_copy") == 300


def shown_for_a_directory() -> tuple[str, dict[str, str], list[str]]:
    """Return how a folder is made, what unpacks each ending into it, and the rest."""
    text = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    (begun,) = [n for n, line in enumerate(lines) if line.startswith("mkdir dump ")]
    ending = re.compile(rf"{SHOWN}(\.dir\.tar\S*)")
    found = {found[1]: line for line in lines if (found := ending.search(line))}
    after = [line for line in lines[begun:] if line.startswith("pg_restore ")]
    return lines[begun], found, after[:2]


def follow(shop: Shop, folder: Path, *lines: str) -> bytes:
    """Run lines of the guide on the files of the shop; return what they say."""
    words = "\n".join(lines).replace("stateset_copy", '"$COPY"')
    access = {
        "COPY": f"{shop.name}_copy",
        "PGHOST": shop.settings["HOST"],
        "PGPORT": str(shop.settings["PORT"]),
        "PGUSER": shop.settings["USER"],
        "PGPASSWORD": shop.settings["PASSWORD"],
    }
    done = subprocess.run(
        ["sh", "-ec", f"rm -rf dump\n{words}"],
        cwd=folder,
        env={**os.environ, **access},
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_zstd_finds_its_own_checksum(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, verify="none")
    listing = run("zstd", "-lv", shop.backup_folder / manifest.file_name)
    assert b"XXH64" in listing
    run("zstd", "-t", shop.backup_folder / manifest.file_name)


def test_gunzip_opens_the_file_as_the_guide_does(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, packing="gzip", verify="none")
    path = shop.backup_folder / manifest.file_name
    run("gunzip", path)
    plain = path.with_suffix("").read_bytes()
    assert sha256(plain).hexdigest() == manifest.plain.sha256


@pytest.mark.sqlite
def test_sqlite3_opens_the_dump(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, packing="none", verify="none")
    path = shop.backup_folder / manifest.file_name
    query = "PRAGMA integrity_check; SELECT COUNT(*) FROM orders"
    assert run("sqlite3", path, query) == b"ok\n300\n"


@pytest.mark.postgresql
def test_pg_restore_opens_the_dump(shop: Shop) -> None:
    manifest = create_backup(alias=ALIAS, packing="none", verify="none")
    listing = run("pg_restore", "-l", shop.backup_folder / manifest.file_name)
    assert b"TABLE DATA public orders" in listing
