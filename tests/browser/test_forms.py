"""Forms as people use them: keys, warnings, two people at once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Customer, Order
from stateset.lib.admin import theme
from tests.pages import add_url
from tests.stateset.sample_rows import customer_page, make_customer


def questions_of(page: Page) -> list[str]:
    """Return a list that fills with what the page asks; each is answered by yes."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    return asked


def test_control_s_saves(page: Page) -> None:
    ada = make_customer(1)
    page.goto(customer_page(ada))
    page.locator("[name=phone]").fill("+49 30 1")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert Customer.objects.get().phone == "+49 30 1"


def test_leaving_a_changed_form_asks(page: Page) -> None:
    page.goto(customer_page(make_customer(1)))
    asked = questions_of(page)

    page.locator("[name=phone]").fill("+49 30 1")
    page.goto("/admin/")

    assert asked == ["beforeunload"]


def test_leaving_an_unchanged_or_a_saved_form_does_not_ask(page: Page) -> None:
    page.goto(customer_page(make_customer(1)))
    asked = questions_of(page)

    page.goto("/admin/")
    page.go_back()
    page.locator("[name=phone]").fill("+49 30 1")
    page.locator("[name=_save]").first.click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    assert asked == []


def test_a_double_click_on_save_adds_one(page: Page) -> None:
    page.goto(add_url(Customer))
    page.locator("[name=last_name]").fill("Devon")
    page.locator("[name=email]").fill("ann@example.com")

    page.locator("[name=_save]").first.dblclick()

    expect(page.get_by_text("was added successfully")).to_be_visible()
    expect(page.get_by_text("sent already")).to_have_count(0)
    assert Customer.objects.count() == 1


@pytest.mark.skipif(not theme.IS_THEMED, reason="the red is the theme's")
def test_the_hint_at_the_time_zone_looks_like_no_error(
    page: Page, browser: Browser, live_server: LiveServer
) -> None:
    far = browser.new_context(base_url=live_server.url, timezone_id="Pacific/Chatham")
    cookies: Any = page.context.cookies()
    far.add_cookies(cookies)
    form = far.new_page()
    form.goto(add_url(Order))
    hint = form.locator(".timezonewarning").first
    expect(hint).to_contain_text("hours ahead of server time")

    sign = hint.evaluate("hint => getComputedStyle(hint, '::before').color")
    star = form.locator("label .text-red-600").first
    red = star.evaluate("star => getComputedStyle(star).color")
    far.close()

    assert sign != red


def test_two_people_on_one_form(page: Page, context: BrowserContext) -> None:
    ada = make_customer(1)
    page.goto(customer_page(ada))
    other = context.new_page()
    other.goto(customer_page(ada))
    other.locator("[name=phone]").fill("hers")
    other.locator("[name=_save]").first.click()
    expect(other.get_by_text("was changed successfully")).to_be_visible()

    page.locator("[name=phone]").fill("his")
    page.locator("[name=_save]").first.click()

    row = page.get_by_role("row", name="Phone")
    expect(row).to_contain_text("his")
    expect(row).to_contain_text("hers")
    assert Customer.objects.get().phone == "hers"

    page.get_by_role("button", name="Put my form over it").click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert Customer.objects.get().phone == "his"
