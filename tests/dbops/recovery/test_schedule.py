"""What the schedule remembers after a restore: what is so now, not what was."""

from __future__ import annotations

import pytest

from dbops.backups.create import create_backup
from dbops.models import ScheduledRun, SchedulePause
from dbops.recovery.live import replace_live
from dbops.recovery.plans import plan_restore
from tests.dbops.scheduling.builders import make_run
from tests.dbops.shop import Shop


def pause(name: str) -> None:
    SchedulePause.objects.create(name=name, paused_by="ada", reason="legal hold")


@pytest.mark.long
def test_runs_and_pauses_are_those_of_the_database_that_was_replaced(
    books: Shop,
) -> None:
    make_run()
    pause("vacuum")
    create_backup(verify="none")
    stroll = make_run(name="stroll")
    SchedulePause.objects.all().delete()
    pause("prune")

    replaced = replace_live(plan_restore())

    assert set(ScheduledRun.objects.values_list("name", flat=True)) == {"nap", "stroll"}
    assert ScheduledRun.objects.get(name="stroll").pk == stroll.pk
    assert [each.name for each in SchedulePause.objects.all()] == ["prune"]
    told = {each.subject: str(each) for each in replaced.findings}
    assert told["scheduled runs"] == "2 taken over"
    assert told["entries resumed since"] == "1 run again: vacuum"
    assert told["entries paused since"] == "1 stay paused: prune"
