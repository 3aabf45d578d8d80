"""Every way to a new password ends logins and links, and is audited with its actor."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from stateset.accounts.errors import TokenRefusedError
from stateset.accounts.models import User
from stateset.accounts.services import (
    issue_refresh_token,
    request_password_reset,
    reset_password,
    rotate_refresh_token,
    set_password,
)
from stateset.system.models import AuditEntry
from tests.stateset.builders import make_user

# With real commits: what a page leaves unsaid, a test's own transaction would hide.
pytestmark = pytest.mark.django_db(transaction=True)

OLD = "an old enough password"
STRONG = "correct horse battery staple"


class Access:
    """A user with a login and a link, both good."""

    def __init__(self) -> None:
        self.user = make_user(password=OLD, is_superuser=True)
        _, self.login = issue_refresh_token(self.user)
        self.link = request_password_reset(self.user)

    def require_ended(self) -> None:
        with pytest.raises(TokenRefusedError):
            rotate_refresh_token(self.login)
        with pytest.raises(TokenRefusedError):
            reset_password(self.link, "yet another long password")
        assert User.objects.get(pk=self.user.pk).check_password(STRONG)


def entry_of(user: User, column: str) -> AuditEntry:
    entries = AuditEntry.objects.filter(
        resource_type="users", resource_id=str(user.pk), action="update"
    )
    (found,) = [entry for entry in entries if column in entry.changes]
    return found


@pytest.fixture
def access() -> Access:
    return Access()


def test_the_service_ends_logins_and_links(access):
    set_password(user=access.user, password=STRONG)
    access.require_ended()


def test_the_page_of_another_user_ends_them_and_is_audited(client: Client, access):
    boss = make_user(is_superuser=True)
    client.force_login(boss)

    response = client.post(
        reverse("admin:auth_user_password_change", args=[access.user.pk]),
        {"password1": STRONG, "password2": STRONG, "usable_password": "true"},
    )

    assert response.status_code == 302
    access.require_ended()
    entry = entry_of(access.user, "password_hash")
    assert entry.actor == boss
    assert entry.request_id == response.headers["X-Request-ID"]


def test_disabling_a_password_ends_them_too(client: Client, access):
    client.force_login(make_user(is_superuser=True))

    client.post(
        reverse("admin:auth_user_password_change", args=[access.user.pk]),
        {"usable_password": "false", "unset-password": "1"},
    )

    assert not User.objects.get(pk=access.user.pk).has_usable_password()
    with pytest.raises(TokenRefusedError):
        reset_password(access.link, STRONG)


def test_ones_own_page_ends_them_and_is_audited(client: Client, access):
    client.force_login(access.user)

    response = client.post(
        reverse("admin:password_change"),
        {"old_password": OLD, "new_password1": STRONG, "new_password2": STRONG},
    )

    assert response.status_code == 302
    assert client.get(reverse("admin:index")).status_code == 200
    access.require_ended()
    entry = entry_of(access.user, "password_hash")
    assert entry.actor == access.user
    assert entry.request_id == response.headers["X-Request-ID"]


def test_the_command_ends_them_and_is_audited(access, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda **_: STRONG)
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    out = StringIO()

    call_command("changepassword", access.user.email.upper(), stdout=out)

    assert f"The password of {access.user} is changed." in out.getvalue()
    access.require_ended()
    entry = entry_of(access.user, "password_hash")
    assert entry.actor_label == "root (changepassword)"


def test_the_command_gives_up_on_weak_passwords(access, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda **_: "password")

    with pytest.raises(CommandError) as raised:
        call_command("changepassword", access.user.email, stderr=StringIO())

    assert str(raised.value) == (
        f"The password of {access.user} was not changed.\n"
        "  why: none of 3 tries was good enough\n"
        "  fix: choose a longer, less common password, and type it twice alike"
    )


def test_a_login_is_audited_in_the_name_of_who_logs_in(client: Client, access):
    response = client.post(
        reverse("admin:login"), {"username": access.user.email, "password": OLD}
    )

    assert response.status_code == 302
    entry = entry_of(access.user, "last_login")
    assert entry.actor == access.user
    assert (entry.actor_label, entry.reason) == (access.user.email, "login")
    assert entry.request_id == response.headers["X-Request-ID"]
