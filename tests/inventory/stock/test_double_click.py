"""A page posts its stock once, whichever web process has the second click."""

from __future__ import annotations

import pytest
from django.test import override_settings

from inventory.models import StockLevel
from stateset.lib.admin.once import TOKEN_VAR
from stateset.lib.admin.versions import VERSION_VAR
from tests.inventory.builders import make_level
from tests.pages import action_url, staff, told
from tests.threads import at_once

# As with several processes: none remembers what another one's cache holds.
nobody_remembers = override_settings(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
)
TYPED = {
    "count": {"counted": "13", "expected": "10"},
    "adjust": {"delta": "3"},
    "hold": {"quantity": "3", "until": ""},
    "scrap": {"quantity": "3"},
}


def opened(level: StockLevel, name: str) -> dict[str, str]:
    """Return what a browser sends that opened the page of an action just now."""
    context = staff().get(action_url(level, name)).context
    return {
        TOKEN_VAR: context["token"],
        VERSION_VAR: str(context["version"]),
        "reason": "found",
        **TYPED[name],
    }


def state(level: StockLevel) -> tuple[int, int]:
    level.refresh_from_db()
    return level.on_hand, level.reserved


@pytest.mark.django_db
@pytest.mark.parametrize("name", TYPED)
@nobody_remembers
def test_the_second_click_posts_nothing(name: str) -> None:
    level = make_level(on_hand=10)
    page = opened(level, name)

    staff().post(action_url(level, name), page)
    once = state(level)
    again = staff().post(action_url(level, name), page, follow=True)

    assert once != (10, 0)
    assert state(level) == once
    assert told(again)[-1].endswith("was sent already; nothing more was done.")


@pytest.mark.django_db(transaction=True)
@nobody_remembers
def test_of_two_clicks_at_once_one_is_carried_out() -> None:
    level = make_level(on_hand=10)
    page = opened(level, "adjust")
    browsers = [staff(), staff(), staff()]

    answers = at_once(
        *[
            lambda browser=browser: browser.post(action_url(level, "adjust"), page)
            for browser in browsers
        ]
    )

    assert [answer.status_code for answer in answers] == [302] * 3
    assert state(level) == (13, 0)
