"""Papers that go with a row: a page to print, opened by a button on its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from stateset.lib.admin.action_pages import GuidedActionsMixin


@dataclass(frozen=True)
class Paper:
    """One thing to print: its template extends ``admin/stateset/paper.html``.

    ``contents(row)`` is what the template is given beside ``row`` and ``title``;
    ``refusal(row)`` returns why it can't be printed, "" where it can.
    """

    name: str
    label: str
    template: str
    contents: Callable[[Any], Mapping[str, Any]] = lambda row: {}
    refusal: Callable[[Any], str] = lambda row: ""


class PapersMixin(GuidedActionsMixin):
    """Offer ``papers`` among the buttons of a form, to whoever may see the row."""

    papers: Sequence[Paper] = ()

    def get_urls(self) -> list[URLPattern]:
        mine = path(
            "<path:object_id>/paper/<slug:name>/",
            self.admin_site.admin_view(self.paper_view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_paper",
        )
        return [mine, *super().get_urls()]

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """Return the actions, then the papers that can be printed now."""
        url = f"{self.opts.app_label}_{self.opts.model_name}_paper"
        return super().buttons(request, row) + [
            {
                "label": paper.label,
                "url": reverse(
                    f"{self.admin_site.name}:{url}", args=[quote(row.pk), paper.name]
                ),
                "is_dangerous": False,
            }
            for paper in self.papers
            if not paper.refusal(row)
        ]

    def paper_view(
        self, request: HttpRequest, object_id: str, name: str
    ) -> HttpResponse:
        """Show one paper; what can't be printed is not found."""
        paper = next((paper for paper in self.papers if paper.name == name), None)
        row = self.get_object(request, unquote(object_id)) if paper else None
        if paper is None or row is None or paper.refusal(row):
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        context = {"row": row, "title": f"{paper.label} {row}", **paper.contents(row)}
        return TemplateResponse(request, paper.template, context)
