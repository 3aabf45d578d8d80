from __future__ import annotations

from stateset.accounts.models.api_key import ApiKey
from stateset.accounts.models.token import PasswordResetToken, RefreshToken
from stateset.accounts.models.user import User

__all__ = ["ApiKey", "PasswordResetToken", "RefreshToken", "User"]
