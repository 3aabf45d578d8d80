"""People at their desks: each logs in as themselves and works by clicking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model
from playwright.sync_api import Browser, Locator, Page, expect

from stateset.accounts.models import User
from tests.browser.conftest import PATIENCE_MILLISECONDS, troubles_of
from tests.pages import add_url, change_url

PASSWORD = "as long as no one knows it"


class Desk:
    """The browser of one person, who has the rights of one group."""

    def __init__(self, browser: Browser, site: str, *, name: str, group: str) -> None:
        self.user = User.objects.create_user(
            f"{name.lower()}@example.com", PASSWORD, name=name, is_staff=True
        )
        self.user.groups.add(Group.objects.get(name=group))
        self.page: Page = browser.new_context(base_url=site).new_page()
        self.page.context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.troubles = troubles_of(self.page)
        self._log_in()

    def add(
        self,
        model: type[Model],
        typed: Mapping[str, str],
        *,
        says: str = "was added",
    ) -> None:
        """Fill in the form of a new row, by names of its boxes, and save it.

        ``typed | chosen`` is what to type into a box that searches, and what to
        choose of what it finds.
        """
        self.page.goto(add_url(model))
        for name, value in typed.items():
            self._enter(name, value)
        self.page.locator("[name=_save]").first.click()
        self._read(says)

    def do(
        self,
        row: Model,
        button: str,
        *,
        says: str,
        typed: Mapping[str, str] | None = None,
    ) -> None:
        """Open the page of ``row``, press a button, fill in by label, and confirm."""
        self.open(row)
        self.buttons.get_by_role("link", name=button, exact=True).click()
        for label, value in (typed or {}).items():
            _put(self.page.locator(".ss-form").get_by_label(label), value)
        self.page.locator(".ss-form button[type=submit]").click()
        self._read(says)

    def open(self, row: Model) -> None:
        self.page.goto(change_url(row))

    @property
    def buttons(self) -> Locator:
        return self.page.get_by_label("State and actions")

    def state(self) -> str:
        """Return what the head of the page says about the row."""
        return " ".join(self.buttons.locator("dl").inner_text().split())

    def leave(self) -> None:
        self.page.context.close()
        assert self.troubles == []

    def _log_in(self) -> None:
        self.page.goto("/admin/")
        self.page.get_by_label("Email").fill(self.user.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page).to_have_url("/admin/")

    def _enter(self, name: str, value: str) -> None:
        box = self.page.locator(f"[name='{name}']")
        searched = box.locator("xpath=following-sibling::*[1]").and_(
            self.page.locator(".select2-container")
        )
        if not searched.count():
            _put(box, value)
            return
        term, _, chosen = value.partition(" | ")
        searched.click()
        self.page.keyboard.type(term)
        self.page.get_by_role("option", name=chosen or term).click()

    def _read(self, said: str) -> None:
        expect(self.page.get_by_text(said).first).to_be_visible()


def _put(box: Locator, value: Any) -> None:
    if box.evaluate("box => box.tagName") == "SELECT":
        box.select_option(label=value)
    else:
        box.fill(value)
