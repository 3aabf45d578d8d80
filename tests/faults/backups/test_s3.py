from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django import Settings

from dbops.backups.create import create_backup
from dbops.errors import ProgramFailedError, StorageError
from tests.dbops.programs import make_program
from tests.dbops.s3.conftest import TestBucket, client_of, go_to
from tests.dbops.s3.test_flows import end_in_mid_upload
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_interruption import environment
from tests.peak import peak_of_command
from tests.services.s3 import s3_server

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


def test_a_server_that_is_stopped_in_mid_upload_leaves_no_backup(
    shop: Shop, settings: Settings, fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program(fakes, "pg_dump", f"head -c {BYTES} /dev/urandom")
    with ExitStack() as running:
        server = running.enter_context(s3_server())
        reached = client_of(server)
        reached.create_bucket(Bucket="own")
        go_to(settings, TestBucket("own", server, reached))
        end_in_mid_upload(running.close, monkeypatch)
        with pytest.raises(StorageError, match="was not written"):
            create_backup(alias=ALIAS, packing="none")


def test_a_backup_to_s3_keeps_to_its_memory(shop: Shop, bucket: TestBucket) -> None:
    shop.run(
        "INSERT INTO orders SELECT 1000 + n, (SELECT string_agg(md5(random()::text),"
        " '') FROM generate_series(1, 30000) WHERE n > 0), 1"
        " FROM generate_series(1, 60) n"
    )
    peak = peak_of_command(
        "backup",
        "--verify=none",
        environment=environment(shop, **bucket.variables()),
    )
    (dump, _) = bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert dump["Size"] > 20_000_000
    assert peak < 128 * 1024
