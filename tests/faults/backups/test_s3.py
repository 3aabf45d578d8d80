from __future__ import annotations

from pathlib import Path

import pytest

from dbops.backups.create import create_backup
from dbops.errors import ProgramFailedError
from tests.dbops.programs import make_program
from tests.dbops.s3.conftest import TestBucket
from tests.dbops.shop import ALIAS, Shop

pytestmark = pytest.mark.postgresql
# More than one part, so that one has arrived.
BYTES = 20_000_000


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("kill -9 $$", "it was killed by signal 9 (SIGKILL) and said nothing"),
        ("exit 1", "it ended with status 1 and said nothing"),
    ],
)
def test_a_pg_dump_that_dies_in_mid_upload_leaves_neither_object_nor_upload(
    shop: Shop, bucket: TestBucket, fakes: Path, end: str, why: str
) -> None:
    from_nowhere = f"head -c {BYTES} /dev/urandom; {end}"
    make_program(fakes, "pg_dump", from_nowhere)
    with pytest.raises(ProgramFailedError) as caught:
        create_backup(alias=ALIAS, packing="none")
    assert caught.value.why == why
    assert (bucket.keys(), bucket.uploads()) == ([], [])
