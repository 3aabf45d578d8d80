"""Buttons of a return: what is refused, shown first, or done once though sent twice."""

from __future__ import annotations

from typing import Any

import pytest

from finance.models import Payment
from returns.admin.return_actions import RETURN_ACTIONS
from returns.models import ReturnRequest
from returns.services import (
    decide_return,
)
from stateset.lib.admin.once import TOKEN_VAR
from stateset.lib.admin.versions import VERSION_VAR
from tests.orders.builders import NOON
from tests.pages import (
    action_url,
    staff,
    told,
)
from tests.returns.admin.builders import (
    make_completed_return,
    statuses,
    typed,
)
from tests.returns.builders import (
    acting_as,
    make_approved_return,
    make_approver,
    make_inspected_return,
    make_received_return,
    make_return,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [action.name for action in RETURN_ACTIONS])
def test_what_is_not_possible_now_is_refused_with_the_reason(name) -> None:
    found = make_completed_return()

    page = staff().get(action_url(found, name))

    assert page.status_code == 409
    assert page.context["reason"] == "it is completed"


def test_looking_at_an_action_changes_nothing() -> None:
    found = make_approved_return()

    staff().get(action_url(found, "receive"), typed(found, came=3))

    assert statuses(found) == "approved"


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (make_approved_return, "receive"),
        (make_received_return, "inspect"),
        (make_inspected_return, "complete"),
    ],
)
def test_a_second_click_does_nothing_more(make, name) -> None:
    found = make()
    browser = staff()
    url = action_url(found, name)
    page = browser.get(url).context
    lines: dict[str, dict[str, Any]] = {
        "receive": {"came": 1},
        "inspect": {"condition": "new", "restock": 3, "quarantine": 0, "scrap": 0},
    }
    sent = {
        TOKEN_VAR: page["token"],
        VERSION_VAR: page["version"],
        **typed(found, **lines.get(name, {})),
    }

    browser.post(url, sent)
    second = browser.post(url, sent, follow=True)

    assert "nothing more was done" in told(second)[-1]
    came = found.items.get().quantity_received
    assert came == (1 if name == "receive" else 3)
    assert Payment.objects.filter(kind="refund").count() == (name == "complete")


def test_what_changed_since_the_page_was_opened_is_shown_first() -> None:
    found = make_return()
    browser = staff()
    url = action_url(found, "approve")
    page = browser.get(url).context
    with acting_as(make_approver()):
        decide_return(ReturnRequest.objects.get(pk=found.pk), approve=True, at=NOON)

    answer = browser.post(
        url,
        {
            TOKEN_VAR: page["token"],
            VERSION_VAR: page["version"],
            **typed(found, approved=3),
        },
    )

    assert answer.status_code == 409
    assert found.approvals.count() == 1
