"""The lists of returns, of their lines and decisions, and what is typed there."""

from __future__ import annotations

import pytest

from returns.models import ReturnApproval, ReturnItem, ReturnRequest
from returns.services import (
    Finding,
)
from tests.pages import (
    add_url,
    change_url,
    list_url,
    save,
    shown,
    staff,
)
from tests.returns.admin.builders import (
    make_completed_return,
    make_half_received_return,
)
from tests.returns.builders import (
    make_approved_return,
    make_inspected_return,
    make_quarantine,
    make_received_return,
    make_return,
)

pytestmark = pytest.mark.django_db


def test_tabs_are_the_work_of_the_day() -> None:
    waiting = make_return()
    expected = [make_approved_return(), make_half_received_return()]
    to_finish = [make_received_return(), make_inspected_return()]
    make_completed_return()
    browser = staff()

    def tab(name: str) -> set[ReturnRequest]:
        page = browser.get(list_url(ReturnRequest), {"preset": name})
        return set(page.context["cl"].result_list)

    assert tab("waiting") == {waiting}
    assert tab("expected") == set(expected)
    assert tab("to_finish") == set(to_finish)


def test_lines_and_decisions_are_found_and_only_read() -> None:
    make_quarantine()
    found = make_inspected_return(Finding("mixed", restock=2, scrap=1))
    browser = staff()

    for model in (ReturnItem, ReturnApproval):
        page = browser.get(list_url(model), {"q": found.rma_number})
        assert [row.return_request for row in page.context["cl"].result_list] == [found]
        assert browser.get(add_url(model)).status_code == 403
    page = browser.get(list_url(ReturnItem), {"quantity_scrapped_from": "1"})
    assert len(page.context["cl"].result_list) == 1


def test_notes_are_changed_and_the_rest_is_not_typed() -> None:
    found = make_return()

    save(staff(), change_url(found), notes="call first", status="approved")

    found.refresh_from_db()
    assert (found.notes, found.status, found.version) == ("call first", "requested", 2)
    assert "status" not in shown(staff(), change_url(found))
