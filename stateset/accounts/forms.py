"""Django's forms of passwords, on our service."""

from __future__ import annotations

from typing import Any

from stateset.accounts.models import User
from stateset.accounts.services import set_password
from stateset.lib.admin import theme


class ServiceMixin:
    """Have the service set what a form of Django's would save by itself."""

    cleaned_data: dict[str, Any]

    def set_password_and_save(
        self,
        user: User,
        password_field_name: str = "password1",  # noqa: S107 -- a field's name
        commit: bool = True,  # noqa: FBT001, FBT002 -- Django's own
    ) -> User:
        is_usable = self.cleaned_data.get("set_usable_password", True)
        return set_password(
            user=user,
            password=self.cleaned_data[password_field_name] if is_usable else None,
            reason="password changed",
        )


class PasswordForm(ServiceMixin, theme.AdminPasswordChangeForm):  # type: ignore[type-arg] # no generic at run time
    """The password of somebody else."""


class OwnPasswordForm(ServiceMixin, theme.OwnPasswordChangeForm):
    """One's own password, with the old one."""
