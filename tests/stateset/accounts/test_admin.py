from __future__ import annotations

import logging
import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from stateset.accounts.models import ApiKey, User
from stateset.accounts.services import (
    authenticate_api_key,
    request_password_reset,
)
from stateset.lib.admin.once import TOKEN_VAR
from stateset.system.models import AuditEntry
from tests.stateset.builders import make_user

pytestmark = pytest.mark.django_db

STRONG = "correct horse battery staple"


@pytest.fixture
def boss(client: Client) -> User:
    user = make_user(is_superuser=True)
    client.force_login(user)
    return user


def test_a_user_is_added_with_a_password(client, boss):
    response = client.post(
        reverse("admin:accounts_user_add"),
        {
            TOKEN_VAR: "this page",
            "email": "Ada@Example.com",
            "name": "Ada",
            "is_staff": "on",
            "usable_password": "true",
            "password1": STRONG,
            "password2": STRONG,
        },
    )

    assert response.status_code == 302, response.context["adminform"].form.errors
    user = User.objects.get(email="ada@example.com")
    assert user.check_password(STRONG)
    entry = AuditEntry.objects.get(resource_id=str(user.pk), action="insert")
    assert entry.actor == boss


def test_a_new_key_is_shown_once_and_works(client, boss):
    url = reverse("admin:accounts_apikey_add")
    typed = {"user": str(boss.pk), "name": "probe", "scopes": "metrics:read"}
    typed[TOKEN_VAR] = "this page"

    page = client.post(url, typed, follow=True).content.decode()

    secret = re.search(r"sk_[\w-]{20,}", page)
    assert secret is not None
    assert authenticate_api_key(secret[0], scope="metrics:read").name == "probe"
    key = ApiKey.objects.get()
    page = client.get(reverse("admin:accounts_apikey_change", args=[key.pk]))
    assert secret[0] not in page.content.decode()


def test_who_may_add_users_may_not_make_themselves_a_superuser(client):
    clerk = make_user()
    client.force_login(clerk)

    for codename in ("view_user", "change_user"):
        clerk.user_permissions.add(Permission.objects.get(codename=codename))
    url = reverse("admin:accounts_user_change", args=[clerk.pk])

    client.post(
        url,
        {
            "email": clerk.email,
            "name": "New name",
            "is_superuser": "on",
            "_version": clerk.version,
            "version": clerk.version,
        },
    )

    clerk.refresh_from_db()
    assert clerk.name == "New name"
    assert not clerk.is_superuser


def test_a_password_link_sets_the_password_once(client):
    user = make_user()
    link = reverse("reset-password", args=[request_password_reset(user)])
    url = reverse("new-password")

    assert "Set a new password" in client.get(link, follow=True).content.decode()
    refused = client.post(url, {"password": STRONG, "again": "something else"})
    assert "The two passwords differ" in refused.content.decode()
    weak = client.post(url, {"password": "password", "again": "password"})
    assert "was not changed" in weak.content.decode()
    assert client.post(url, {"password": STRONG, "again": STRONG}).status_code == 302
    user.refresh_from_db()
    assert user.check_password(STRONG)
    for gone in (link, url):
        used = client.get(gone)
        assert used.status_code == 404
        assert "This link does not work" in used.content.decode()


def test_a_password_link_leaves_the_address_at_once(client):
    secret = request_password_reset(make_user())

    response = client.get(reverse("reset-password", args=[secret]))

    assert (response.status_code, response.url) == (302, reverse("new-password"))
    assert response.headers["Referrer-Policy"] == "no-referrer"
    page = client.get(response.url)
    assert secret not in page.content.decode()
    # With no-referrer the form would come from "Origin: null" and be refused.
    assert page.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("end", ["/", "", "/more"])
def test_the_secret_of_a_password_link_is_not_logged(client, caplog, end):
    secret = request_password_reset(make_user())
    url = reverse("reset-password", args=[secret]).rstrip("/")

    with caplog.at_level(logging.INFO):
        client.get(url + end)

    lines = [r for r in caplog.records if r.name == "stateset.access"]
    assert lines[-1].getMessage().startswith("GET /reset-password/<secret>/ ")
    assert secret not in str([vars(line) for line in lines])
