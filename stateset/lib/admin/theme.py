"""The only module that imports the admin theme; without it, plain Django's classes.

Which of the two it is was decided by ``INSTALLED_APPS`` before this was imported.
Everything else builds on the names here, so every page runs on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.apps import apps

IS_THEMED = apps.is_installed("unfold")

if TYPE_CHECKING or not IS_THEMED:
    from django.contrib.admin import (
        AdminSite,
        ModelAdmin,
        StackedInline,
        TabularInline,
    )
    from django.contrib.admin import (
        BooleanFieldListFilter as BooleanFilterBase,
    )
    from django.contrib.admin import (
        ChoicesFieldListFilter as ChoicesFilterBase,
    )
    from django.contrib.admin import SimpleListFilter as AnswerFilterBase
    from django.contrib.admin.forms import (
        AdminPasswordChangeForm as OwnPasswordChangeForm,
    )
    from django.contrib.admin.templatetags.admin_list import result_headers
    from django.contrib.admin.utils import display_for_field, display_for_value
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth.forms import (
        AdminPasswordChangeForm,
        UserChangeForm,
    )
    from django.contrib.auth.forms import (
        AdminUserCreationForm as UserCreationForm,
    )

    CHECKBOX_CLASSES: list[str] = []
    FILE_CLASSES: list[str] = []
    INPUT_CLASSES: list[str] = []
    SELECT_CLASSES: list[str] = []
    TEXTAREA_CLASSES: list[str] = []
    checkbox = forms.CheckboxInput({"class": "action-select"}).render
else:
    from unfold.admin import ModelAdmin, StackedInline, TabularInline
    from unfold.admin import checkbox as _checkbox
    from unfold.contrib.filters.admin import (
        BooleanRadioFilter as BooleanFilterBase,
    )
    from unfold.contrib.filters.admin import (
        ChoicesCheckboxFilter as ChoicesFilterBase,
    )
    from unfold.contrib.filters.admin import RadioFilter as AnswerFilterBase
    from unfold.forms import (
        AdminOwnPasswordChangeForm as OwnPasswordChangeForm,
    )
    from unfold.forms import (
        AdminPasswordChangeForm,
        UserChangeForm,
        UserCreationForm,
    )
    from unfold.sites import UnfoldAdminSite as AdminSite
    from unfold.templatetags.unfold_list import result_headers
    from unfold.utils import display_for_field, display_for_value
    from unfold.views import ChangeList
    from unfold.widgets import (
        CHECKBOX_CLASSES,
        FILE_CLASSES,
        INPUT_CLASSES,
        SELECT_CLASSES,
        TEXTAREA_CLASSES,
    )

    checkbox = _checkbox.render

__all__ = [
    "AdminPasswordChangeForm",
    "AdminSite",
    "AnswerFilterBase",
    "BooleanFilterBase",
    "ChangeList",
    "ChoicesFilterBase",
    "ModelAdmin",
    "OwnPasswordChangeForm",
    "StackedInline",
    "TabularInline",
    "UserChangeForm",
    "UserCreationForm",
    "checkbox",
    "display_for_field",
    "display_for_value",
    "result_headers",
]

# The first that fits: a Textarea is not an Input, a Select is a ChoiceWidget.
_CLASSES: tuple[tuple[type[forms.Widget], list[str]], ...] = (
    (forms.Textarea, TEXTAREA_CLASSES),
    (forms.FileInput, FILE_CLASSES),
    (forms.CheckboxInput, CHECKBOX_CLASSES),
    (forms.Select, SELECT_CLASSES),
    (forms.widgets.Input, INPUT_CLASSES),
)


def dress(form: forms.BaseForm) -> None:
    """Give the widgets of a form of our own the looks of the theme."""
    for field in form.fields.values():
        for kind, classes in _CLASSES:
            if isinstance(field.widget, kind) and classes:
                given = field.widget.attrs.get("class", "")
                field.widget.attrs["class"] = " ".join([given, *classes]).strip()
                break
