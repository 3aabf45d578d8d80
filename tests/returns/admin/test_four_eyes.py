"""Who may decide on returns, but not on this one, reads why."""

from __future__ import annotations

import pytest
from django.test import Client

from stateset.lib.admin.once import TOKEN_VAR
from tests.pages import action_url
from tests.returns.builders import acting_as, make_approver, make_return

pytestmark = pytest.mark.django_db


def test_whoever_asked_for_a_return_is_told_why_they_may_not_decide() -> None:
    requester = make_approver("view_returnrequest")
    with acting_as(requester):
        found = make_return()
    browser = Client()
    browser.force_login(requester)

    refused = browser.post(action_url(found, "approve"), {TOKEN_VAR: "x"})

    assert refused.status_code == 403
    assert "who asked for a return can&#x27;t approve it" in refused.content.decode()
    found.refresh_from_db()
    assert found.status == "requested"
