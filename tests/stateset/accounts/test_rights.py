"""Nobody gives rights that they do not hold, and nobody takes a superuser's place."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from stateset.accounts.models import PasswordResetToken, User
from stateset.lib.admin.once import TOKEN_VAR
from tests.pages import action_url, change_url, shown
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

STRONG = "correct horse battery staple"
RIGHTS = ("view_user", "change_user", "view_group", "change_group", "add_group")


@pytest.fixture
def clerk(client: Client) -> User:
    user = make_user()
    rights = Permission.objects.filter(codename__in=RIGHTS)
    user.user_permissions.set(rights)
    client.force_login(user)
    return user


@pytest.fixture
def boss() -> User:
    return make_user(is_superuser=True, password="the boss's own password")


def password_url(user: User) -> str:
    return reverse("admin:auth_user_password_change", args=[user.pk])


def test_only_a_superuser_sets_a_superusers_password(client, clerk, boss):
    typed = {"password1": STRONG, "password2": STRONG, "usable_password": "true"}

    assert client.get(password_url(boss)).status_code == 403
    assert client.post(password_url(boss), typed).status_code == 403

    boss.refresh_from_db()
    assert boss.check_password("the boss's own password")


@pytest.mark.parametrize("name", ["deactivate", "activate", "reset"])
def test_only_a_superuser_acts_on_a_superuser(client, clerk, boss, name):
    url = action_url(boss, name)

    assert url not in client.get(change_url(boss)).content.decode()
    assert client.get(url).status_code == 403
    assert client.post(url, {"_once": "x", "reason": "x"}).status_code == 403

    boss.refresh_from_db()
    assert boss.is_active
    assert not PasswordResetToken.objects.exists()


def test_a_superusers_page_is_only_read_by_others(client, clerk, boss):
    page = client.get(change_url(boss))

    assert page.status_code == 200
    assert not page.context["has_change_permission"]
    assert boss.password not in page.content.decode()
    sent = client.post(change_url(boss), {"email": "mine@example.com", "name": "x"})
    assert sent.status_code == 403
    boss.refresh_from_db()
    assert boss.email != "mine@example.com"


def test_nobody_gives_groups_or_permissions_that_they_do_not_hold(client, clerk):
    other = make_user()
    group = Group.objects.create(name="Everything")
    given = Permission.objects.get(codename="add_user")
    for user in (clerk, other):
        extra = {
            "is_superuser": "on",
            "groups": [str(group.pk)],
            "user_permissions": [str(given.pk)],
        }
        before = set(user.get_user_permissions())
        page = shown(client, change_url(user)) | extra
        assert client.post(change_url(user), page).status_code == 302
        again = User.objects.get(pk=user.pk)
        assert not again.is_superuser
        assert not again.groups.exists()
        assert set(again.get_user_permissions()) == before


def test_nobody_gives_a_group_rights_that_they_do_not_hold(client, clerk):
    group = Group.objects.create(name="Mine")
    clerk.groups.add(group)
    given = str(Permission.objects.get(codename="add_user").pk)

    sent = {"name": "Still mine", "permissions": [given]}
    assert client.post(change_url(group), sent).status_code == 302
    added = {"name": "New", "permissions": [given], TOKEN_VAR: "x"}
    assert client.post(reverse("admin:auth_group_add"), added).status_code == 302

    group.refresh_from_db()
    assert group.name == "Still mine"
    assert not group.permissions.exists()
    assert not Group.objects.get(name="New").permissions.exists()


def test_a_superuser_still_does_all_of_it(client, boss):
    client.force_login(make_user(is_superuser=True))
    typed = {"password1": STRONG, "password2": STRONG, "usable_password": "true"}

    assert client.post(password_url(boss), typed).status_code == 302

    boss.refresh_from_db()
    assert boss.check_password(STRONG)
