"""Every button of the site is clicked: offered, read, refused when stale, done once."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db.models import Model

from stateset.lib.admin.versions import VERSION_VAR
from stateset.system.models import AuditEntry, Event
from tests.house.tree import ROOT, nodes
from tests.pages import action_url, change_url, list_url, opened, staff
from tests.stateset.buttons import PRESSED_ELSEWHERE, PRESSES, every_button

SENT_ALREADY = "was sent already; nothing more was done."
SOMEBODY = "somebody else changed it since you opened this page"
BULK = [
    name
    for name in PRESSES
    if name in every_button() and every_button()[name][1].in_bulk
]


def written(row: Model) -> tuple[Any, ...]:
    """Return what differs as soon as anything was written about ``row``."""
    rows = type(row)._base_manager.filter(pk=row.pk).values_list()
    ledgers = (AuditEntry, Event, LogEntry)
    return (*rows, *(each.objects.count() for each in ledgers))


@pytest.mark.django_db
@pytest.mark.parametrize("button", PRESSES)
def test_a_button_is_offered_and_pressed_once(button: str) -> None:
    press = PRESSES[button]
    row, name = press.make(), button.partition("/")[2]
    url, browser = action_url(row, name), staff()
    before = written(row)

    offered = [each["url"] for each in browser.get(change_url(row)).context["buttons"]]
    sent = opened(browser, row, name)

    assert url in offered
    assert written(row) == before, "reading changed something"

    sent |= press.types(row)
    before = written(row)
    if hasattr(row, "version"):
        stale = browser.post(url, {**sent, VERSION_VAR: "0"})
        assert stale.status_code == 409
        assert SOMEBODY in stale.content.decode()
        assert written(row) == before, "a page that is no longer true was carried out"

    done = browser.post(url, sent)

    assert done.status_code == 302, complaints(done)
    after = written(row)
    assert after[:-1] != before[:-1], "nothing was done"

    again = browser.post(url, sent)

    assert said(again)[-1].endswith(SENT_ALREADY)
    assert written(row) == after, "the second click did something"


@pytest.mark.django_db
@pytest.mark.parametrize("button", BULK)
def test_a_button_over_a_list_is_pressed_once(button: str) -> None:
    press = PRESSES[button]
    row, browser = press.make(), staff()
    url, before = list_url(type(row)), written(row)
    chosen = {"action": f"do_{button.partition('/')[2]}", "_selected_action": [row.pk]}

    asked = browser.post(url, chosen)

    assert [each.pk for each in asked.context["plan"].ready] == [row.pk]
    assert written(row) == before, "the preview changed something"

    token = {"_confirmed": "1", "_once": asked.context["token"]}
    sent = {**chosen, **token, **press.types(row)}
    before = written(row)
    done = browser.post(url, sent)

    assert said(done)[0].endswith("done for 1."), said(done)
    after = written(row)
    assert after[:-1] != before[:-1]

    again = browser.post(url, sent)

    assert said(again)[-1].endswith(SENT_ALREADY)
    assert written(row) == after


def test_every_button_is_pressed_by_a_test() -> None:
    expected = {
        name
        for name in every_button()
        if name.partition(".")[0] not in PRESSED_ELSEWHERE
    }
    assert set(PRESSES) == expected


@pytest.mark.parametrize("app", PRESSED_ELSEWHERE)
def test_the_buttons_of_other_folders_are_pressed_there(app: str) -> None:
    pressed = set(names_pressed(PRESSED_ELSEWHERE[app]))
    unpressed = [
        name
        for name, (page, action) in every_button().items()
        if page.opts.app_label == app and action.name not in pressed
    ]
    assert unpressed == []


def names_pressed(folder: str) -> Iterator[str]:
    """Yield the actions that the tests of a folder carry out, by ``act`` of pages.

    Where the name is an argument of the test, all that ``parametrize`` names counts.
    """
    for path in sorted((ROOT / folder).rglob("test_*.py")):
        for function in nodes(path):
            if isinstance(function, ast.FunctionDef):
                yield from _pressed_by(function)


def _pressed_by(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "act":
            for given in node.args[2:3]:
                if isinstance(given, ast.Constant):
                    yield str(given.value)
                for decorator in function.decorator_list:
                    yield from _texts(decorator)


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def said(redirect: Any) -> list[str]:
    """Return what the next page will say, without making it."""
    return [str(message) for message in get_messages(redirect.wsgi_request)]


def complaints(page: Any) -> Mapping[str, Any]:
    """Return why a page was shown again instead of being carried out."""
    context = page.context
    return {
        "refused": context.get("refused") or context.get("reason"),
        "errors": dict(context["form"].errors),
    }
