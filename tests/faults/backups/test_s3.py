from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from dbops.backups.catalogue import COMPLETE, VERDICT_SUFFIX, list_entries
from dbops.backups.create import create_backup
from dbops.backups.prune import prune_backups
from dbops.backups.storage import backup_storage
from dbops.errors import ProgramFailedError, StorageError
from tests.dbops.programs import make_program
from tests.dbops.s3.conftest import TestBucket, client_of, go_to
from tests.dbops.s3.test_flows import end_in_mid_upload
from tests.dbops.shop import ALIAS, Shop
from tests.dbops.test_interruption import environment
from tests.peak import peak_of_command
from tests.services.s3 import s3_home

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


def test_a_server_that_is_stopped_in_mid_upload_leaves_nothing(
    shop: Shop, settings: Settings, fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program(fakes, "pg_dump", f"head -c {BYTES} /dev/urandom")
    with s3_home() as home:
        own = TestBucket("own", home.server, client_of(home.server))
        with ExitStack() as running, monkeypatch.context() as fault:
            running.enter_context(home.running())
            own.client.create_bucket(Bucket=own.name)
            go_to(settings, own)
            end_in_mid_upload(running.close, fault)
            with pytest.raises(StorageError, match="was not written"):
                create_backup(alias=ALIAS, packing="none")
        (fakes / "pg_dump").unlink()
        with home.running():
            assert own.keys() == []
            # Nobody could end it while the server was away.
            assert len(own.uploads()) == 1
            made = create_backup(alias=ALIAS)
            tomorrow = timezone.now() + timedelta(hours=25)
            monkeypatch.setattr("django.utils.timezone.now", lambda: tomorrow)
            assert prune_backups(ALIAS).unfinished == 1
            assert own.uploads() == []
            (entry,) = list_entries(backup_storage())
            assert (entry.id, entry.state) == (made.id, COMPLETE)
            keys = own.keys()
            names = {key.rpartition("/")[2] for key in keys}
            assert names == {made.file_name, made.name, f"{made.id}{VERDICT_SUFFIX}"}


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
