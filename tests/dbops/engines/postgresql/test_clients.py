from __future__ import annotations

from pathlib import Path

import pytest

from dbops.engines.postgresql import clients
from dbops.engines.postgresql.clients import (
    find_pg_dump,
    find_pg_restore,
    major_version,
)
from dbops.errors import ProgramNotFoundError
from tests.dbops.programs import make_program


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide what this machine has, and keep what scripts need."""
    monkeypatch.setattr(clients, "DEBIAN_CLIENTS", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))


def install(folder: Path, version: str) -> Path:
    make_program(folder, "pg_restore", "exit 1", version=version)
    return make_program(folder, "pg_dump", "exit 1", version=version)


@pytest.mark.parametrize(
    ("version", "major"),
    [("15.18 (Debian 15.18-0+deb12u1)", 15), ("17beta2", 17), ("9.6.24", 9)],
)
def test_the_major_version_is_read(version: str, major: int) -> None:
    assert major_version(version) == major


def test_the_oldest_client_that_will_do_is_taken(tmp_path: Path) -> None:
    (tmp_path / "debian").mkdir()
    for version in ("14.9", "16.3", "18.1", "17.2"):
        folder = tmp_path / "debian" / version.partition(".")[0] / "bin"
        folder.parent.mkdir()
        install(folder, version)
    client = find_pg_dump("15.18", [])
    assert (client.version, client.path) == (
        "16.3",
        tmp_path / "debian" / "16" / "bin" / "pg_dump",
    )


def test_the_server_s_own_version_is_best(tmp_path: Path) -> None:
    for version in ("15.1", "16.3"):
        install(tmp_path / version, version)
    found = find_pg_dump("15.18", [tmp_path / "16.3", tmp_path / "15.1"])
    assert found.version == "15.1"


def test_pg_bin_comes_before_what_is_installed(tmp_path: Path) -> None:
    install(tmp_path / "chosen", "17.2")
    install(tmp_path / "path", "15.18")
    assert find_pg_dump("15.18", [tmp_path / "chosen"]).version == "17.2"


def test_a_pg_bin_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    install(tmp_path / "chosen", "14.2")
    install(tmp_path / "path", "15.18")
    assert find_pg_dump("15.18", [tmp_path / "chosen"]).version == "15.18"


def test_no_client_is_told() -> None:
    with pytest.raises(ProgramNotFoundError) as caught:
        find_pg_dump("15.18", [])
    assert str(caught.value) == (
        "There is no pg_dump for this server.\n"
        "  why: the server is PostgreSQL 15.18, found: none in PG_BIN, PATH or"
        " /usr/lib/postgresql\n"
        "  fix: install the PostgreSQL 15 client programs, or set PG_BIN to their"
        " folder"
    )


def test_a_client_that_is_too_old_is_told(tmp_path: Path) -> None:
    old = install(tmp_path / "path", "13.4")
    with pytest.raises(ProgramNotFoundError) as caught:
        find_pg_dump("15.18", [])
    assert caught.value.why == f"the server is PostgreSQL 15.18, found: 13.4 ({old})"


def test_a_program_that_does_not_tell_its_version_is_passed_over(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "path" / "pg_dump"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(ProgramNotFoundError):
        find_pg_dump("15.18", [])


def test_an_archive_is_read_by_a_client_as_new_as_its_maker(tmp_path: Path) -> None:
    for version in ("15.18", "17.2"):
        install(tmp_path / version, version)
    folders = [tmp_path / "15.18", tmp_path / "17.2"]
    assert find_pg_restore("15.18", None, folders).version == "15.18"
    assert find_pg_restore("16.1", None, folders).version == "17.2"
    assert find_pg_restore("17.2", "17.9", folders).version == "17.2"


def test_a_client_that_an_older_server_would_refuse_is_told(tmp_path: Path) -> None:
    install(tmp_path / "path", "17.2")
    with pytest.raises(ProgramNotFoundError) as caught:
        find_pg_restore("15.18", "15.18", [])
    assert str(caught.value) == (
        "There is no pg_restore for this backup.\n"
        "  why: it must be 15 or newer to read this backup, and 16 or older for a"
        f" server 15.18; found: 17.2 ({tmp_path / 'path' / 'pg_restore'})\n"
        "  fix: install the PostgreSQL client programs of such a version, or set"
        " PG_BIN to their folder"
    )
