from __future__ import annotations

from dbops.backups.storage import s3_writing


def test_parts_grow_so_that_the_largest_backups_fit() -> None:
    sizes = [s3_writing.part_size(n) for n in range(1, s3_writing.MOST_PARTS + 1)]
    assert sum(sizes) > 180e9
    assert sizes == sorted(sizes)
    # S3 takes no smaller ones but the last.
    assert sizes[0] >= 5 * 1024 * 1024
    # What lies in memory: two of the small ones, or one of the large.
    assert max(2 * sizes[0], sizes[-1]) <= 32 * 1024 * 1024
