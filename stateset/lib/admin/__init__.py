"""What an app declares its pages with; how is told in ``docs/developer-admin.md``."""

from __future__ import annotations

from stateset.lib.admin.base import DocumentAdmin, ReadOnlyAdmin, StatesetAdmin
from stateset.lib.admin.columns import (
    DONE,
    GOOD,
    NEUTRAL,
    PROBLEM,
    WAITING,
    link,
    link_to,
    long_words,
    money,
    money_text,
    named,
    number,
    pill,
    since,
    status_pill,
    yes_no,
)
from stateset.lib.admin.filters import (
    AnswerFilter,
    BooleanFilter,
    ChoicesFilter,
    DateRangeFilter,
    NumberRangeFilter,
    RelatedFilter,
)
from stateset.lib.admin.guided import (
    ActionForm,
    GuidedAction,
    ReasonForm,
    leads_to,
)
from stateset.lib.admin.inlines import (
    ReadOnlyInline,
    StatesetStackedInline,
    StatesetTabularInline,
)
from stateset.lib.admin.paging import Preset

__all__ = [
    "DONE",
    "GOOD",
    "NEUTRAL",
    "PROBLEM",
    "WAITING",
    "ActionForm",
    "AnswerFilter",
    "BooleanFilter",
    "ChoicesFilter",
    "DateRangeFilter",
    "DocumentAdmin",
    "GuidedAction",
    "NumberRangeFilter",
    "Preset",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "ReasonForm",
    "RelatedFilter",
    "StatesetAdmin",
    "StatesetStackedInline",
    "StatesetTabularInline",
    "leads_to",
    "link",
    "link_to",
    "long_words",
    "money",
    "money_text",
    "named",
    "number",
    "pill",
    "since",
    "status_pill",
    "yes_no",
]
