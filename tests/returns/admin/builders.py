"""What tests of the pages of returns begin with."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from returns.models import ReturnRequest
from returns.services import cancel_return, complete_return, receive_return
from stateset.accounts.models import User
from tests.inventory.pages import buttons
from tests.orders.builders import NOON
from tests.pages import change_url
from tests.returns.builders import make_approved_return, make_inspected_return
from tests.stateset.builders import make_user

ALWAYS = ("Change what it ends in",)
"""The button that is there as long as a return is open."""


def member(*groups: str) -> User:
    user = make_user()
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def offered(browser: Client, found: ReturnRequest) -> list[str]:
    return buttons(browser.get(change_url(found)))


def typed(found: ReturnRequest, **values: Any) -> dict[str, str]:
    """Return what is typed into a form with fields a line, for the only line."""
    key = found.items.get().pk
    return {f"{name}_{key}": str(value) for name, value in values.items()}


def statuses(found: ReturnRequest) -> str:
    found.refresh_from_db()
    return found.status


def make_completed_return() -> ReturnRequest:
    return complete_return(make_inspected_return(), at=NOON)


def make_cancelled_return() -> ReturnRequest:
    return cancel_return(make_approved_return(), reason="kept it after all")


def make_half_received_return() -> ReturnRequest:
    found = make_approved_return()
    return receive_return(found, quantities={found.items.get().pk: 1}, at=NOON)
