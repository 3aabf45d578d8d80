"""Read what a form shows, change it, send it: as a browser does."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.db.models import Model
from django.forms import BaseForm
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from stateset.accounts.models import User
from stateset.lib.admin.once import TOKEN_VAR
from stateset.lib.admin.versions import VERSION_VAR
from tests.stateset.builders import make_user


def browser_of(user: User) -> Client:
    """Return a browser in which somebody has logged in."""
    client = Client()
    client.force_login(user)
    return client


def staff() -> Client:
    """Return the browser of somebody who may do everything."""
    return browser_of(make_user(is_superuser=True))


def list_url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def add_url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")


def change_url(row: Model) -> str:
    options = row._meta
    name = f"admin:{options.app_label}_{options.model_name}_change"
    return reverse(name, args=[row.pk])


def delete_url(row: Model) -> str:
    options = row._meta
    name = f"admin:{options.app_label}_{options.model_name}_delete"
    return reverse(name, args=[row.pk])


def action_url(row: Model, name: str) -> str:
    options = row._meta
    view = f"admin:{options.app_label}_{options.model_name}_do"
    return reverse(view, args=[row.pk, name])


def shown(client: Client, url: str) -> dict[str, Any]:
    """Return what the form at ``url`` would send if nothing were typed."""
    context = client.get(url).context
    data = {VERSION_VAR: context.get("version", ""), TOKEN_VAR: context["token"]}
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms.append(inline.formset.management_form)
        if inline.has_change_permission:
            forms += inline.formset.forms
        else:
            # Lines that are only read are named all the same.
            for line in inline.formset.initial_forms:
                key = line.instance._meta.pk.name
                data[line.add_prefix(key)] = str(line.instance.pk)
    for form in forms:
        data |= _values(form)
    return data


def save(client: Client, url: str, **changes: Any) -> Any:
    """Send the form at ``url`` with these changes; names take ``-`` for ``__``."""
    typed = {name.replace("__", "-"): value for name, value in changes.items()}
    return client.post(url, {**shown(client, url), **typed}, follow=True)


def act(client: Client, row: Model, name: str, **typed: Any) -> Any:
    """Open the page of an action, fill it in and confirm."""
    url = action_url(row, name)
    context = client.get(url).context
    fixed = {TOKEN_VAR: context["token"], VERSION_VAR: context["version"]}
    return client.post(url, {**fixed, **typed}, follow=True)


def opened(client: Client, row: Model, name: str, **typed: Any) -> dict[str, Any]:
    """Return what the page of an action sends: what it shows, and what is typed."""
    context = client.get(action_url(row, name)).context
    fixed = {TOKEN_VAR: context["token"], VERSION_VAR: str(context["version"])}
    return {**_values(context["form"]), **fixed, **typed}


def told(response: Any) -> list[str]:
    """Return the messages a page shows, as they are read."""
    return [strip_tags(str(message)) for message in response.context["messages"]]


def landed_on(response: Any) -> str:
    """Return the address of the page that a form that was saved led to."""
    address: str = response.redirect_chain[-1][0]
    return address


def refusals(response: Any) -> list[str]:
    """Return the errors that a form shows over all fields."""
    form: BaseForm = response.context["adminform"].form
    return [str(error) for error in form.non_field_errors()]


def carried(response: Any, name: str) -> str:
    """Return what a hidden field of the page has, as the browser would send it."""
    field = rf'<input type="hidden" name="{name}" value="([^"]*)"'
    (value,) = re.findall(field, response.content.decode())
    return unescape(value)


def _values(form: BaseForm) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        widget: Any = bound.field.widget
        if names := getattr(widget, "widgets_names", ()):
            parts = widget.decompress(value)
            values |= {
                bound.html_name + name: part or ""
                for name, part in zip(names, parts, strict=True)
            }
        elif value is not None and value is not False:
            values[bound.html_name] = value
    return values
