"""The admin site: its menu by areas, its home page, its search by number."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, path, reverse

from stateset import home, sidebar
from stateset.accounts.forms import OwnPasswordForm
from stateset.lib.admin import theme
from stateset.lib.admin.autocompletes import NamingJsonView
from stateset.lib.admin.pages import site_pages


def icon_url(request: HttpRequest) -> str:
    """Return the address of the icon of the tab; named in UNFOLD."""
    return static("stateset/icon.svg")


def show_icon(request: HttpRequest) -> HttpResponseRedirect:
    """Send browsers to the icon that they ask for by its old name."""
    return HttpResponseRedirect(icon_url(request))


def style_url(request: HttpRequest) -> str:
    """Return the address of our styles; named in UNFOLD."""
    return static("stateset/admin.css")


def script_url(request: HttpRequest) -> str:
    """Return the address of our keys and warnings; named in UNFOLD."""
    return static("stateset/admin.js")


def mending_url(request: HttpRequest) -> str:
    """Return the address of what mends the theme's pages; named in UNFOLD."""
    return static("stateset/mending.js")


class StatesetSite(theme.AdminSite):
    """The one admin site, in either theme."""

    site_title = "StateSet"
    site_header = "StateSet"
    index_title = "Today"
    index_template = "admin/stateset/home.html"
    site_url = None

    def get_urls(self) -> list[URLPattern | URLResolver]:
        mine = path("find/", self.admin_view(self.find), name="find")
        pages = (url for page in site_pages() for url in page.urls(self))
        return [mine, *pages, *super().get_urls()]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        if app_label is not None:
            return super().get_app_list(request, app_label)
        return sidebar.menu(request)

    def autocomplete_view(self, request: HttpRequest) -> Any:
        """Answer a box that searches, with the names that the pages give."""
        return NamingJsonView.as_view(admin_site=self)(request)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        page = {
            "tiles": home.read_tiles(request),
            "activity": home.recent_activity(request),
            "areas": sidebar.menu(request),
        }
        shown: TemplateResponse = super().index(request, page | (extra_context or {}))
        return shown

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Change one's own password, by our service."""
        page = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            template_name=self.password_change_template
            or "registration/password_change_form.html",
            extra_context=self.each_context(request) | (extra_context or {}),
        )
        return page(request)

    def find(self, request: HttpRequest) -> HttpResponse:
        """Go to the one row that is meant, or show what it may be."""
        term = request.GET.get("q", "")
        found = home.find(request, term)
        if found.only_url:
            return HttpResponseRedirect(found.only_url)
        if not found.hits:
            messages.warning(
                request,
                f"Nothing has the number “{term}”. Type a whole order, return, "
                "tracking or stock number, or an e-mail address; for names, search in "
                "the lists.",
            )
            return HttpResponseRedirect(reverse("admin:index"))
        context = {
            **self.each_context(request),
            "title": f"Found for “{term}”",
            "hits": found.hits,
        }
        return TemplateResponse(request, "admin/stateset/found.html", context)
