from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.test import override_settings

from deploy.dev.run import (
    EMAIL,
    login_hint,
    make_admin,
    refuse_production,
    write_private,
)
from stateset.accounts.models import User
from stateset.lib.errors import StatesetError
from tests.stateset.programs import settings_of


def test_a_secret_is_for_this_user_only(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("an older one, open to all", encoding="utf-8")
    write_private(file, "secret")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text(encoding="utf-8") == "secret"


def test_a_database_without_a_file_is_a_new_one(tmp_path: Path) -> None:
    asked = "(__import__('deploy.dev.run').dev.run.is_new())"
    url = f"sqlite:///{tmp_path / 'none.db'}?mode=rwc"
    settings = {"DJANGO_SETTINGS_MODULE": "stateset.settings"}
    assert settings_of(tmp_path, asked, APP__DATABASE_URL=url, **settings) == "True"


@pytest.mark.django_db
def test_each_installation_makes_its_own_password(tmp_path: Path) -> None:
    passwords = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        User.objects.filter(email=EMAIL).delete()
        with override_settings(VAR_DIR=tmp_path / name):
            make_admin()
            passwords.add(login_hint())
        assert User.objects.get(email=EMAIL).is_superuser
    assert len(passwords) == 2


@pytest.mark.django_db
def test_the_hint_gives_the_password_only_while_it_is_the_right_one(
    tmp_path: Path,
) -> None:
    with override_settings(VAR_DIR=tmp_path):
        assert login_hint() == "Log in with your own account."
        make_admin()
        password = (tmp_path / "admin-password").read_text(encoding="utf-8")
        assert f"with the password {password} (kept in" in login_hint()
        user = User.objects.get(email=EMAIL)
        user.set_password("another one")
        user.save()
        assert password not in login_hint()


def test_production_is_not_started_by_make_run() -> None:
    with override_settings(IN_PRODUCTION=True), pytest.raises(StatesetError) as refusal:
        refuse_production()
    assert str(refusal.value) == (
        "Nothing was started.\n"
        "  why: APP__ENVIRONMENT is 'production', and make run is for development\n"
        "  fix: follow docs/operator.md, or unset APP__ENVIRONMENT"
    )
