"""Pages of the menu that are no table's: an app's ``pages.py`` offers ``PAGES``.

    PAGES = (
        SitePage(
            "schedule",
            "Schedule",
            area="Database",
            permission="dbops.view_scheduledrun",
            routes=(("", show_schedule, "schedule"), ("<slug:name>/run/", …, …)),
        ),
    )

Each route stands below ``/admin/<area>/<slug>/`` and asks for the permission of the
page. What a page does, it does like a guided action: a button, a page that asks, one
POST, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from stateset.lib.admin import theme
from stateset.lib.admin.addresses import page_url
from stateset.lib.admin.differences import typed_values
from stateset.lib.admin.guided import ActionForm
from stateset.lib.admin.once import (
    TOKEN_VAR,
    claim,
    is_claimed,
    new_token,
    release,
    sent_already,
)
from stateset.lib.admin.refusals import REFUSALS, sentences
from stateset.lib.admin.versions import VERSION_VAR
from stateset.lib.discovery import discover
from stateset.lib.journal import business_transaction

View = Callable[..., HttpResponse]
Crumbs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class SitePage:
    """One entry of the menu; ``routes`` are path, view and name, its own first."""

    slug: str
    title: str
    area: str
    permission: str
    routes: Sequence[tuple[str, View, str]]

    @property
    def url(self) -> str:
        """Return the address of the page itself."""
        return page_url(self.routes[0][2])

    def urls(self, site: admin.AdminSite) -> Iterator[URLPattern]:
        """Yield the addresses of the page, closed to who may not see it."""
        for route, view, name in self.routes:
            place = f"{self.area.lower()}/{self.slug}/{route}"
            yield path(place, site.admin_view(self._guarded(view)), name=name)

    def _guarded(self, view: View) -> View:
        @wraps(view)
        def show(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not request.user.has_perm(self.permission):
                raise PermissionDenied
            return view(request, **arguments)

        return show


@dataclass(frozen=True)
class PageAction:
    """One thing a person may do on a page; ``refusal`` says why not, "" where it may.

    ``perform(request, data)`` calls one flow, outside any transaction, and returns
    what to say.
    """

    label: str
    permission: str
    perform: Callable[[HttpRequest, Mapping[str, Any]], str]
    explain: str = ""
    form: type[ActionForm] = ActionForm
    refusal: str = ""
    facts: Iterable[tuple[str, Any]] = ()
    is_dangerous: bool = False


def site_pages() -> Iterator[SitePage]:
    """Yield the pages that the apps offer."""
    for module in discover("pages"):
        yield from module.PAGES


def show_page(
    request: HttpRequest,
    template: str,
    *,
    title: str,
    crumbs: Crumbs = (),
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Return a page of our own; its template extends ``admin/stateset/page.html``."""
    return TemplateResponse(
        request,
        template,
        {
            **admin.site.each_context(request),
            "title": title,
            "crumbs": crumbs,
            "is_themed": theme.IS_THEMED,
            **context,
        },
        status=status,
    )


def ask_and_do(
    request: HttpRequest, action: PageAction, *, title: str, crumbs: Crumbs
) -> HttpResponse:
    """Ask on GET, do on POST, once; then go back to where the last crumb leads."""
    if not request.user.has_perm(action.permission):
        raise PermissionDenied
    back_url = crumbs[-1][1]
    form = action.form(request.POST if request.method == "POST" else None)
    refused = ""
    # What the first click made impossible is no refusal of the second one.
    may_go_on = not action.refusal or is_claimed(request)
    if request.method == "POST" and may_go_on and form.is_valid():
        refused = _do_once(request, action, form.cleaned_data)
        if not refused:
            return HttpResponseRedirect(back_url)
    return show_page(
        request,
        "admin/stateset/action.html",
        title=title,
        crumbs=crumbs,
        status=409 if refused or action.refusal else 200,
        action=action,
        form=form,
        typed=typed_values(form) if form.is_bound else (),
        refused=refused,
        reason=action.refusal,
        facts=() if action.refusal else action.facts,
        token=new_token(),
        token_var=TOKEN_VAR,
        version_var=VERSION_VAR,
        version="",
        back_url=back_url,
    )


def _do_once(request: HttpRequest, action: PageAction, data: Mapping[str, Any]) -> str:
    """Do it, unless it was done already; return why it was refused, if it was."""
    try:
        with business_transaction():
            first = claim(request, action.label)
    except REFUSALS as error:
        return sentences(error)
    if first is not None:
        messages.info(request, sent_already(action.label))
        return ""
    try:
        messages.success(request, action.perform(request, data))
    except REFUSALS as error:
        with business_transaction():
            release(request)
        return sentences(error)
    return ""
