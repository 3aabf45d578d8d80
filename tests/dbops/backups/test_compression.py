from __future__ import annotations

import io

import pytest

from dbops.backups.compression import Compression, parse_compression
from stateset.lib.errors import UsageError

TEXT = b"row after row\n" * 100_000


@pytest.mark.parametrize(
    ("text", "method", "level", "suffix"),
    [
        ("zstd", "zstd", 1, ".zst"),
        ("zstd:9", "zstd", 9, ".zst"),
        ("gzip", "gzip", 0, ".gz"),
        ("none", "none", 0, ""),
    ],
)
def test_a_compression_is_read(text: str, method: str, level: int, suffix: str) -> None:
    compression = parse_compression(text)
    assert compression == Compression(method, level)
    assert compression.suffix == suffix
    assert parse_compression(str(compression)) == compression


@pytest.mark.parametrize("text", ["", "zip", "zstd:", "zstd:0", "zstd:20", "gzip:9"])
def test_an_unknown_compression_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_compression(text)
    assert str(caught.value) == (
        f"The compression {text!r} is not known.\n"
        "  why: allowed are zstd, zstd:1 to zstd:19, gzip and none\n"
        "  fix: leave --compression out for zstd:1"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("text", ["zstd", "zstd:19", "gzip", "none"])
def test_what_was_packed_comes_out_again(text: str) -> None:
    packed = io.BytesIO()
    with parse_compression(text).writer(packed) as writer:
        for start in range(0, len(TEXT), 70_000):
            writer.write(memoryview(TEXT)[start : start + 70_000])
    packed.seek(0)
    reader = parse_compression(text).reader(packed)
    assert b"".join(iter(lambda: reader.read(65_536), b"")) == TEXT


def test_the_same_dump_makes_the_same_gzip_file() -> None:
    files = []
    for _ in range(2):
        packed = io.BytesIO()
        with parse_compression("gzip").writer(packed) as writer:
            writer.write(TEXT)
        files.append(packed.getvalue())
    assert files[0] == files[1]
