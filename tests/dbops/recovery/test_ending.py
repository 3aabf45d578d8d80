"""What becomes of a restore that has no end in the journal."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from dbops.backups.create import create_backup
from dbops.backups.storage import backup_storage
from dbops.engines.registry import get_engine
from dbops.errors import OperationBusyError, RestoreRefusedError
from dbops.recovery.ending import carry_out_ending
from dbops.recovery.killed import ABORT, RESUME, Ending, plan_ending
from dbops.recovery.live import Replaced, replace_live
from dbops.recovery.plans import plan_restore
from dbops.recovery.records import ASKED, read_records, write_record
from stateset.accounts.models import User
from tests.dbops.recovery.books import lose
from tests.dbops.shop import Shop
from tests.stateset.builders import make_user

ALIAS = "default"


def forgotten(replaced: Replaced) -> None:
    """Have the journal know no more than a process that died after the exchange."""
    storage = backup_storage()
    record = read_records(storage, ALIAS)[-1]
    record.state, record.finished_at = ASKED, ""
    del record.details["kept_copy"]
    write_record(storage, record)


def planned(action: str) -> Ending:
    ending = plan_ending(action, ALIAS)
    assert ending is not None
    return ending


def output(*arguments: str) -> str:
    stream = StringIO()
    call_command("restore", *arguments, stdout=stream, stderr=stream)
    return stream.getvalue()


@pytest.mark.long
def test_work_done_since_the_exchange_is_not_taken_for_the_backups(
    books: Shop,
) -> None:
    create_backup(verify="none")
    replaced = replace_live(plan_restore(), reason="a wrong price list")
    forgotten(replaced)
    newcomer = make_user()
    ending = planned(RESUME)
    shown = output("--resume", "--dry-run")
    assert "the restored database is live, the old one is" in " ".join(shown.split())
    assert "a wrong price list" in shown
    engine = get_engine()
    with engine.lock(engine.database_name, "backup 7@host"):
        with pytest.raises(OperationBusyError):
            plan_ending(RESUME, ALIAS)
        with pytest.raises(CommandError) as caught:
            output("--abort")
        assert caught.value.returncode == 75
    ended = carry_out_ending(ending, reason="the machine was restarted")
    assert [str(each) for each in ended.findings] == [
        f"1 changes since, so not taken; compare with {replaced.plan.kept_as} by hand"
    ]
    newcomer.refresh_from_db()
    assert newcomer.is_active
    record = read_records(backup_storage(), ALIAS)[-1]
    assert record.state == "done"
    assert record.details["resumed_because"] == "the machine was restarted"
    assert record.details["kept_copy"] == replaced.plan.kept_as
    with pytest.raises(RestoreRefusedError, match="Nothing was done") as refused:
        carry_out_ending(ending)
    assert refused.value.why == "another run has ended the killed one since"


@pytest.mark.long
def test_where_there_was_no_database_there_is_nothing_to_put_back(
    books: Shop,
) -> None:
    make_user()
    create_backup(verify="none")
    connections[ALIAS].close()
    if books.engine == "postgresql":
        lose(books)
    else:
        books.folder.joinpath("books.db").unlink()
    forgotten(replace_live(plan_restore()))
    with pytest.raises(RestoreRefusedError) as caught:
        plan_ending(ABORT, ALIAS)
    assert caught.value.why == (
        "the restored database is live, and there was none before it"
    )
    carry_out_ending(planned(RESUME))
    assert User.objects.count() == 1
    assert plan_ending(RESUME, ALIAS) is None


def test_neither_goes_with_a_name_for_a_copy(books: Shop) -> None:
    with pytest.raises(CommandError) as caught:
        output("--resume", "--into", "copy")
    assert caught.value.returncode == 2
    assert "--resume is for the live database" in str(caught.value)
    assert "Nothing to resume: no restore was killed" in output("--resume")
    assert "Nothing to abort: no restore was killed" in output("--abort")
