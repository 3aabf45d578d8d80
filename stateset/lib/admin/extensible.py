"""Pages that higher apps add to: shipments, payments and returns of an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.options import InlineModelAdmin
from django.http import HttpRequest

from stateset.lib.admin.base import StatesetAdmin
from stateset.lib.admin.guided import GuidedAction


class ExtensibleAdmin(StatesetAdmin):
    """A form to which apps above add ledgers and actions, in their admin modules.

    ``OrderAdmin.extend(inlines=[ShipmentInline], actions=[RELEASE])``: shown after
    what is declared here, on rows that exist; a ledger only reads.
    """

    @classmethod
    def extend(
        cls,
        *,
        inlines: Sequence[type[InlineModelAdmin]] = (),
        actions: Sequence[GuidedAction] = (),
    ) -> None:
        """Add inlines and guided actions; those added before are not repeated."""
        cls.inlines = list(dict.fromkeys((*cls.inlines, *inlines)))
        cls.guided_actions = tuple(dict.fromkeys((*cls.guided_actions, *actions)))

    def get_inlines(
        self, request: HttpRequest, obj: Any
    ) -> list[type[InlineModelAdmin]]:
        """Leave ledgers out of the form that adds: there is nothing to read yet."""
        inlines = list(super().get_inlines(request, obj))
        if obj is not None:
            return inlines
        return [inline for inline in inlines if inline.max_num != 0]
