from __future__ import annotations

from stateset.accounts.admin.api_key import ApiKeyAdmin
from stateset.accounts.admin.group import GroupAdmin
from stateset.accounts.admin.token import PasswordResetTokenAdmin, RefreshTokenAdmin
from stateset.accounts.admin.user import UserAdmin

__all__ = [
    "ApiKeyAdmin",
    "GroupAdmin",
    "PasswordResetTokenAdmin",
    "RefreshTokenAdmin",
    "UserAdmin",
]
