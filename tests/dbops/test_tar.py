from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbops.errors import BackupDamagedError, DiskError
from dbops.tar import tar_chunks, tar_size, untar
from tests.dbops.limits import files_no_larger_than

FILES = {"1.dat": b"", "2.dat": b"x" * 512, "3.dat": bytes(range(256)) * 300}


def folder_of(place: Path, files: dict[str, bytes] = FILES) -> Path:
    place.mkdir()
    for name, content in files.items():
        (place / name).write_bytes(content)
    return place


def read_back(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def in_pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def member(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"rows") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    info.size = len(content)
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def read(content: bytes, folder: Path) -> None:
    untar([content], folder, size_bytes=len(content))


@pytest.mark.parametrize("size", [7, 512, 1024 * 1024])
def test_what_is_put_in_comes_out(tmp_path: Path, size: int) -> None:
    folder = folder_of(tmp_path / "dump")
    content = b"".join(tar_chunks(folder))
    assert len(content) == tar_size(folder)
    back = tmp_path / "back"
    untar(in_pieces(content, size), back, size_bytes=len(content))
    assert read_back(back) == FILES
    assert {path.stat().st_mode & 0o777 for path in back.iterdir()} == {0o600}
    assert back.stat().st_mode & 0o777 == 0o700
    untar(tar_chunks(folder), tmp_path / "again", size_bytes=len(content))
    assert read_back(tmp_path / "again") == FILES


def test_it_says_neither_who_nor_when_and_each_file_goes_once_it_was_read(
    tmp_path: Path,
) -> None:
    folder = folder_of(tmp_path / "dump")
    content = b"".join(tar_chunks(folder))
    left = []
    chunks = tar_chunks(folder, is_emptied=True)
    for chunk in chunks:
        left.append(len(list(folder.iterdir())))
        content = content.removeprefix(chunk)
    assert (content, left[0], left[-1]) == (b"", 3, 0)
    with tarfile.open(fileobj=io.BytesIO(b"".join(tar_chunks(folder)))) as tar:
        assert tar.getmembers() == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (member("../1.dat"), "'../1.dat' in it is no plain file without a folder"),
        (member("/etc/1.dat"), "'/etc/1.dat' in it is no plain file"),
        (member("dump/1.dat"), "'dump/1.dat' in it is no plain file"),
        (member(".."), "'..' in it is no plain file"),
        (member(".pgpass"), "'.pgpass' in it is no plain file"),
        (member("1.dat", tarfile.SYMTYPE, b""), "'1.dat' in it is no plain file"),
        (member("1.dat", tarfile.LNKTYPE, b""), "'1.dat' in it is no plain file"),
        (member("1.dat", tarfile.DIRTYPE, b""), "'1.dat/?' in it is no plain file"),
        (member("1.dat", tarfile.CHRTYPE, b""), "'1.dat' in it is no plain file"),
        (member("1.dat", tarfile.GNUTYPE_SPARSE), "'1.dat' in it is no plain file"),
        (member("x" * 120), "'././@LongLink' in it is no plain file"),
        (member("1.dat") * 2, "1.dat is in it twice"),
        (member("1.dat")[:514], "its end is missing"),
        (member("1.dat"), "its end is missing"),
        (member("1.dat") + bytes(1024) + b"more", "more follows after its end"),
        (b"PGDMP" + bytes(1000), "it is no tar at one place: bad checksum"),
    ],
)
def test_what_is_no_such_tar_is_refused(
    tmp_path: Path, content: bytes, why: str
) -> None:
    with pytest.raises(BackupDamagedError, match=why) as caught:
        read(content, tmp_path / "back")
    assert caught.value.what == "The dump cannot be unpacked."
    assert [path.name for path in tmp_path.iterdir()] == ["back"]
    assert {path.name for path in (tmp_path / "back").iterdir()} <= {"1.dat"}


def test_whoever_proves_the_bytes_has_the_first_word(tmp_path: Path) -> None:
    def proven() -> Iterator[bytes]:
        yield member("../1.dat")
        raise BackupDamagedError("The backup is damaged.")

    with pytest.raises(BackupDamagedError, match=r"^The backup is damaged\.$"):
        untar(proven(), tmp_path / "back", size_bytes=1024)


def test_a_lack_of_room_is_told(tmp_path: Path) -> None:
    with pytest.raises(DiskError) as caught:
        untar([], tmp_path / "back", size_bytes=2**60)
    assert caught.value.why.endswith("free, 1048576.0 TiB are needed")
    content = member("1.dat", content=bytes(8192))
    with pytest.raises(DiskError, match=r"1\.dat was not"), files_no_larger_than(4096):
        read(content, tmp_path / "back")
