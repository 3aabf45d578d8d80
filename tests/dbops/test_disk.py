from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from dbops.disk import WORKSPACE_PREFIX, spool, workspace
from dbops.errors import DiskError
from tests.dbops.limits import files_no_larger_than


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_workspace_is_private_and_goes_away(tmp_path: Path) -> None:
    with workspace() as folder:
        (folder / "copy").write_text("rows")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_workspace_in_use_is_left_alone() -> None:
    with workspace() as first, workspace() as second:
        assert first.exists()
        assert second.exists()


def test_a_workspace_of_a_killed_run_is_cleared_away(tmp_path: Path) -> None:
    script = (
        "import os, signal, tempfile\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "from dbops.disk import workspace\n"
        "with workspace() as folder:\n"
        "    (folder / 'copy').write_text('rows')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    (left,) = tmp_path.iterdir()
    with workspace() as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert not left.exists()


def test_spooling_writes_a_private_file(tmp_path: Path) -> None:
    spool([b"ab", memoryview(b"cd")], tmp_path / "dump", size_bytes=4)
    assert (tmp_path / "dump").read_bytes() == b"abcd"
    assert (tmp_path / "dump").stat().st_mode & 0o777 == 0o600


def test_spooling_is_refused_where_there_is_no_room(tmp_path: Path) -> None:
    with pytest.raises(DiskError) as caught:
        spool([b"x"], tmp_path / "dump", size_bytes=2**60)
    assert caught.value.what == "dump was not written."
    assert caught.value.why.endswith("free, 1048576.0 TiB are needed")
    assert caught.value.fix == f"make room in {tmp_path}, or choose another folder"
    assert list(tmp_path.iterdir()) == []


def test_a_tmpdir_that_is_not_there_is_told_and_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    with pytest.raises(DiskError) as caught, workspace():
        pass
    assert caught.value.why == f"TMPDIR is {tmp_path / 'gone'}, which is no folder"


def test_a_workspace_without_room_is_called_by_its_disk(tmp_path: Path) -> None:
    folder = tmp_path / f"{WORKSPACE_PREFIX}x"
    folder.mkdir()
    with pytest.raises(DiskError) as caught:
        spool([b"x"], folder / "dump", size_bytes=2**60)
    assert caught.value.fix.startswith(f"make room in {tmp_path} (TMPDIR), ")


def test_a_disk_that_fills_up_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskError) as caught, files_no_larger_than(4096):
        spool([bytes(8192)], tmp_path / "dump", size_bytes=8192)
    assert str(caught.value) == (
        "dump was not written.\n"
        f"  why: {tmp_path}: File too large\n"
        f"  fix: make room in {tmp_path}, or choose another folder"
    )


def test_a_folder_that_another_run_swept_away_at_once_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = tempfile.mkdtemp
    made: list[str] = []

    def make_and_lose_the_first(**options: Any) -> str:
        made.append(make(**options))
        if len(made) == 1:
            Path(made[0]).rmdir()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", make_and_lose_the_first)
    with workspace() as folder:
        assert str(folder) == made[1]
