"""The pages under Database as people see them: light, dark, on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from dbops.backups.catalogue import list_entries
from dbops.backups.storage import backup_storage
from dbops.engines.verbs.proof import Look
from dbops.monitoring.health import SETTING
from dbops.recovery.drill_reports import write_report
from stateset.celery import app
from tests.dbops.builders import make_report
from tests.dbops.recovery.builders import make_request
from tests.dbops.scheduling.builders import make_pause, make_run, make_sample
from tests.stateset.builders import make_user

RESTORES = "/admin/database/restores/"
URLS = (
    "/admin/database/schedule/",
    "/admin/database/schedule/verify/pause/",
    "/admin/database/health/",
    RESTORES,
    "/admin/database/backups/",
)
WIDTHS = (1400, 390)


@pytest.fixture(autouse=True)
def own_tasks() -> None:
    app.set_current()


@pytest.mark.long
@pytest.mark.parametrize(
    "scheme", ["light", pytest.param("dark", marks=pytest.mark.exhaustive)]
)
def test_they_break_no_rule_and_fit_a_phone(
    page: Page,
    axe: Callable[[Page], list[str]],
    scheme: Literal["light", "dark"],
) -> None:
    call_command("backup", reason="before the sale")
    stored = next(list_entries(backup_storage()))
    broken = Look("books", "60 rules", tuple(f"rule {n}: a row" for n in range(5)))
    report = make_report(backup_id=stored.id, state="failed", looks=(broken,))
    write_report(backup_storage(), report)
    make_run(name="verify", state="failed", result="", error_what="It broke off.")
    make_pause(name="backup-daily")
    request = make_request(make_user())
    drilled = f"/admin/database/backups/drills/{report.id}/"
    urls = (f"{RESTORES}{request.pk}/", drilled, *URLS)
    now = timezone.now()
    make_sample(at=now, status="critical", hint="see db_activity")
    make_sample(at=now, name=f"{SETTING}work_mem", hint="ALTER SYSTEM SET work_mem = 1")
    page.emulate_media(color_scheme=scheme)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for url in urls:
            page.goto(url)
            assert axe(page) == [], (url, width)
            assert page.evaluate("document.documentElement.scrollWidth") == width, url
        page.locator(".ss-page tbody th a").first.click()
        expect(page.get_by_text("How it was made")).to_be_visible()
        assert axe(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_person_pauses_and_resumes_an_entry(page: Page) -> None:
    page.goto(URLS[0])
    page.get_by_role("link", name="Pause: backup-daily").click()
    page.get_by_label("Reason").fill("the disk is swapped")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("backup-daily is paused")).to_be_visible()
    row = page.get_by_role("row", name="backup-daily")
    expect(row).to_contain_text("admin@example.com: the disk is swapped")

    page.get_by_role("link", name="Resume: backup-daily").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("backup-daily runs again")).to_be_visible()


@pytest.mark.exhaustive
def test_a_person_makes_a_backup_and_verifies_it(page: Page) -> None:
    page.goto("/admin/database/backups/")
    page.get_by_role("link", name="Back up now").click()
    page.get_by_label("Reason").fill("before the sale")
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_text("backup-by-hand: done: stateset_")).to_be_visible()
    page.get_by_role("link", name="Verify the newest").click()
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("is good at level decode").first).to_be_visible()
