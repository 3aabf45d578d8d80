"""Post the forms of the admin back as their pages have them, like a browser does."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.test import Client

from orders.services import cancel_order
from stateset.lib.admin import DocumentAdmin
from stateset.lib.admin.by_hand import NAME
from stateset.lib.admin.versions import VERSION_VAR
from tests.finance.builders import make_invoice
from tests.fulfillment.builders import make_packed, make_shipped
from tests.inventory.manufacturing.builders import make_bom, make_work_order
from tests.inventory.procurement.builders import make_purchase_order
from tests.orders.builders import (
    make_cart,
    make_confirmed_order,
    make_order,
    make_order_in_work,
)
from tests.pages import opened
from tests.returns.builders import make_return

MOST_ROWS = 3
# A status says which fields there are, and no theme has a say in that: without ours
# one form of each kind stands for all.
MOST_FORMS = 1 if settings.ADMIN_THEME == "plain" else None
BUTTONS = {"submit", "button", "reset", "image", "file"}
SAVE = "_save"


class FormReader(HTMLParser):
    """Collect what a browser would send of one form when nothing was typed."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.is_inside = False
        self.can_save = False
        self.sent: list[tuple[str, str]] = []
        self.select: str | None = None
        self.is_multiple = False
        self.options: list[tuple[str, bool]] = []
        self.area: str | None = None
        self.text = ""

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        given = dict(attributes)
        if tag == "form":
            self.is_inside = given.get("id") == self.form_id
        if not self.is_inside and given.get("form") != self.form_id:
            return
        name = given.get("name") or ""
        if name == SAVE:
            self.can_save = True
        elif tag == "option" and self.select:
            self.options.append((given.get("value") or "", "selected" in given))
        elif name and "disabled" not in given:
            self._take(tag, name, given)

    def _take(self, tag: str, name: str, given: dict[str, str | None]) -> None:
        if tag == "input":
            self._take_input(name, given)
        elif tag == "select":
            self.select, self.options = name, []
            self.is_multiple = "multiple" in given
        elif tag == "textarea":
            self.area, self.text = name, ""

    def _take_input(self, name: str, given: dict[str, str | None]) -> None:
        kind = given.get("type") or "text"
        if kind in BUTTONS:
            return
        if kind in ("checkbox", "radio"):
            if "checked" in given:
                self.sent.append((name, given.get("value") or "on"))
            return
        self.sent.append((name, given.get("value") or ""))

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        elif tag == "textarea" and self.area:
            # The line break right after the tag belongs to no text.
            self.sent.append((self.area, self.text.removeprefix("\n")))
            self.area = None
        elif tag == "select" and self.select:
            chosen = [value for value, selected in self.options if selected]
            if not chosen and self.options and not self.is_multiple:
                chosen = [self.options[0][0]]
            self.sent += [(self.select, value) for value in chosen]
            self.select = None


def leave_work_to_do() -> None:
    """Add documents in the states that the demo company has left behind."""
    make_order()
    make_confirmed_order()
    make_order_in_work()
    cancel_order(make_order(), reason="asked by phone")
    make_cart()
    make_packed()
    make_shipped()
    make_return()
    make_invoice()
    make_purchase_order(3)
    make_bom()
    make_work_order()


def read_form(html: str, model: type[Model]) -> FormReader:
    """Return what the form of a change page would send."""
    reader = FormReader(f"{model._meta.model_name}_form")
    reader.feed(html)
    return reader


def rows_to_open(model: type[Model]) -> Iterator[Model]:
    """Yield a few rows; of a document, one in each status there is."""
    rows = model._base_manager.order_by("pk")
    names = {field.name for field in model._meta.fields}
    if "status" not in names:
        yield from rows[:MOST_ROWS]
        return
    for status in sorted(set(rows.values_list("status", flat=True))):
        yield rows.filter(status=status)[0]


def save_unchanged(client: Client, model_admin: Any) -> Iterator[str]:
    """Open the forms of a few rows, post each back as it is; yield each fault."""
    options = model_admin.opts
    base = f"/admin/{options.app_label}/{options.model_name}"
    for row, sent in islice(_forms_to_save(client, base, options.model), MOST_FORMS):
        url = f"{base}/{row.pk}/change/"
        named = f"{url} ({getattr(row, 'status', 'no status')})"
        yield from put_over_another(client, url, row, sent)
        try:
            response = client.post(url, {**sent, SAVE: "Save"})
        except Exception as error:  # noqa: BLE001 -- each page is told, not the first
            yield f"{named} raises {error!r}"
            continue
        if response.status_code != 302:
            yield f"{named} answers {response.status_code}: {_complaints(response)}"


def _forms_to_save(
    client: Client, base: str, model: type[Model]
) -> Iterator[tuple[Model, dict[str, list[str]]]]:
    """Yield each row whose form can be saved, with what the form would send."""
    for row in rows_to_open(model):
        page = client.get(f"{base}/{row.pk}/change/").content.decode()
        read = read_form(page, model)
        if read.can_save:
            sent: dict[str, list[str]] = {}
            for name, value in read.sent:
                sent.setdefault(name, []).append(value)
            yield row, sent


def put_over_another(
    client: Client, url: str, row: Model, sent: dict[str, list[str]]
) -> Iterator[str]:
    """Post a form made from an older version; yield what is wrong with the answer."""
    if not hasattr(row, "version"):
        return
    response = client.post(url, {**sent, VERSION_VAR: "0", SAVE: "Save"})
    text = response.content.decode()
    if response.status_code != 409 or "Nothing was overwritten" not in text:
        yield f"{url} answers {response.status_code} to an older version"
    again = type(row)._base_manager.get(pk=row.pk)
    if again.version != row.version:
        yield f"{url} was written over by an older version"


def edit_nothing_by_hand(client: Client, model_admin: Any) -> Iterator[str]:
    """Post the break-glass page of a few rows as it is; yield where it would write.

    A box that does not say what is saved would change a column nobody touched.
    """
    if not isinstance(model_admin, DocumentAdmin):
        return
    for row in islice(rows_to_open(model_admin.opts.model), MOST_FORMS):
        url = model_admin.named_url(row, NAME)
        sent = opened(client, row, NAME, reason="looked only")
        response = client.post(url, sent)
        if "every box says what is saved already" not in response.content.decode():
            errors = response.context["form"].errors if response.context else ""
            yield f"{url} would write: {response.status_code} {errors}"


def add_nonsense(client: Client, model_admin: Any) -> Iterator[str]:
    """Send an add form whose every field says "nope"; yield each fault."""
    options = model_admin.opts
    url = f"/admin/{options.app_label}/{options.model_name}/add/"
    page = client.get(url)
    if page.status_code != 200:
        return
    sent = {
        name: value if name.endswith("_FORMS") else "nope"
        for name, value in read_form(page.content.decode(), options.model).sent
    }
    try:
        response = client.post(url, {**sent, SAVE: "Save"})
    except Exception as error:  # noqa: BLE001 -- each page is told, not the first
        yield f"{url} raises {error!r}"
        return
    if response.status_code >= 500:
        yield f"{url} answers {response.status_code}"


def _complaints(response: Any) -> str:
    context = response.context or {}
    return str([str(error) for error in context.get("errors", ())])
