"""Every table says what one row of it is, to readers of code and of psql."""

from __future__ import annotations

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.utils.module_loading import module_has_submodule

from tests.house.tree import PACKAGES, none_of


def our_models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models()
        if model.__module__.partition(".")[0] in PACKAGES
    ]


def test_every_model_says_what_one_row_is() -> None:
    # Django fills an empty docstring with the list of fields.
    silent = [
        model._meta.label
        for model in our_models()
        if (model.__doc__ or "").startswith(f"{model.__name__}(")
    ]
    none_of(silent)


def test_every_table_has_a_comment() -> None:
    silent = [
        model._meta.label
        for model in our_models()
        if model._meta.managed
        and not model._meta.proxy
        and not model._meta.db_table_comment
    ]
    none_of(silent)


def test_every_app_with_tables_has_migrations() -> None:
    """Django makes the tables of an app without any, and never changes them."""
    without = {
        model._meta.app_label
        for model in our_models()
        if not module_has_submodule(model._meta.app_config.module, "migrations")
    }
    assert without == set()


def test_what_a_broken_constraint_says_can_be_said() -> None:
    """Django fills in the constraint's name, and stumbles over a bare per cent sign."""
    broken = []
    for model in our_models():
        for constraint in model._meta.constraints:
            try:
                constraint.get_violation_error_message()
            except (KeyError, TypeError, ValueError) as error:
                broken.append(f"{constraint.name}: {error}")
    none_of(broken)


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    output = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=output)
    except SystemExit:
        pytest.fail(f"run: python manage.py makemigrations\n{output.getvalue()}")
