from __future__ import annotations

from stateset.accounts.services.api_keys import (
    authenticate_api_key,
    issue_api_key,
    revoke_api_key,
)
from stateset.accounts.services.logins import note_login
from stateset.accounts.services.passwords import (
    request_password_reset,
    reset_password,
    set_password,
)
from stateset.accounts.services.refresh_tokens import (
    issue_refresh_token,
    revoke_family,
    rotate_refresh_token,
)
from stateset.accounts.services.users import activate_user, deactivate_user

__all__ = [
    "activate_user",
    "authenticate_api_key",
    "deactivate_user",
    "issue_api_key",
    "issue_refresh_token",
    "note_login",
    "request_password_reset",
    "reset_password",
    "revoke_api_key",
    "revoke_family",
    "rotate_refresh_token",
    "set_password",
]
