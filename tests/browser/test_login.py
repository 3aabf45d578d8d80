from __future__ import annotations

from playwright.sync_api import Page, expect

from stateset.accounts.models import User
from tests.browser.conftest import ADMIN_EMAIL, ADMIN_PASSWORD


def test_a_person_logs_in_by_email(anonymous_page: Page, admin: User) -> None:
    anonymous_page.goto("/admin/")
    anonymous_page.get_by_label("Email").fill(ADMIN_EMAIL)
    anonymous_page.get_by_label("Password").fill(ADMIN_PASSWORD)
    anonymous_page.get_by_role("button", name="Log in").click()
    expect(anonymous_page).to_have_url("/admin/")
    expect(anonymous_page.get_by_text("Log out").first).to_be_attached()


def test_a_wrong_password_is_refused_in_words(
    anonymous_page: Page, admin: User
) -> None:
    anonymous_page.goto("/admin/")
    anonymous_page.get_by_label("Email").fill(ADMIN_EMAIL)
    anonymous_page.get_by_label("Password").fill("a wrong one")
    anonymous_page.get_by_role("button", name="Log in").click()
    expect(anonymous_page.get_by_text("Please enter the correct email")).to_be_visible()


def test_the_page_fixture_is_logged_in(page: Page) -> None:
    response = page.goto("/admin/")
    assert response is not None
    assert response.status == 200
    expect(page).to_have_url("/admin/")
