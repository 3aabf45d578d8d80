from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction

from stateset.accounts.groups import GROUPS, grant_permissions, note_permissions
from stateset.accounts.models import User
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db


def test_people_log_in_by_e_mail_however_it_is_written():
    make_user(email="Ada@Example.com", password="a long enough secret")

    assert authenticate(username="ADA@example.com ", password="a long enough secret")


def test_one_e_mail_belongs_to_one_user():
    make_user(email="ada@example.com")

    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(email="ADA@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Ada@Example.com", name="Ada")


def test_every_group_is_made_with_its_permissions():
    for name, rights in GROUPS.items():
        held = Group.objects.get(name=name).permissions.values_list(
            "content_type__app_label", flat=True
        )
        assert set(held) == {
            label for label in rights if apps.get_app_config(label).models
        }


def migrate_again() -> None:
    note_permissions(using="default")
    for config in apps.get_app_configs():
        grant_permissions(sender=config, using="default")


def test_what_staff_add_to_a_group_stays_and_what_they_take_stays_away():
    group = Group.objects.get(name="Support")
    taken = group.permissions.get(codename="change_order")
    added = Permission.objects.get(codename="add_payment")
    group.permissions.remove(taken)
    group.permissions.add(added)

    migrate_again()

    held = set(group.permissions.all())
    assert added in held
    assert taken not in held
