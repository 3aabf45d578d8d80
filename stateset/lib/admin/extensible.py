"""Pages that higher apps add to: shipments, payments and returns of an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import InlineModelAdmin
from django.http import HttpRequest

from stateset.lib.admin.base import StatesetAdmin
from stateset.lib.admin.guided import GuidedAction


@dataclass(frozen=True)
class PageLink:
    """A button that leads to a page; ``url`` returns "" where there is none."""

    label: str
    url: Callable[[HttpRequest, Any], str]


class ExtensibleAdmin(StatesetAdmin):
    """A form to which apps above add ledgers and actions, in their admin modules.

    ``OrderAdmin.extend(inlines=[ShipmentInline], actions=[RELEASE])``: shown after
    what is declared here, on rows that exist; a ledger only reads.
    """

    page_links: Sequence[PageLink] = ()

    @classmethod
    def extend(
        cls,
        *,
        inlines: Sequence[type[InlineModelAdmin]] = (),
        actions: Sequence[GuidedAction] = (),
        links: Sequence[PageLink] = (),
    ) -> None:
        """Add inlines, guided actions and links; none that is there is repeated."""
        cls.page_links = tuple(dict.fromkeys((*cls.page_links, *links)))
        cls.inlines = list(dict.fromkeys((*cls.inlines, *inlines)))
        cls.guided_actions = tuple(dict.fromkeys((*cls.guided_actions, *actions)))

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """Return the buttons of the actions, then those that lead to other pages."""
        shown = super().buttons(request, row)
        for link in self.page_links:
            if url := link.url(request, row):
                shown.append({"label": link.label, "url": url, "is_dangerous": False})
        return shown

    def get_inlines(
        self, request: HttpRequest, obj: Any
    ) -> list[type[InlineModelAdmin]]:
        """Leave ledgers out of the form that adds: there is nothing to read yet."""
        inlines = list(super().get_inlines(request, obj))
        if obj is not None:
            return inlines
        return [inline for inline in inlines if inline.max_num != 0]
