"""What can go wrong with keys, tokens and users."""

from __future__ import annotations

from stateset.lib.errors import StatesetError


class AccountsError(StatesetError):
    """The base of this app's errors."""


class ApiKeyRefusedError(AccountsError):
    """The key opens nothing: unknown, revoked, expired, or its owner is gone.

    Always the same words, so that nobody learns which of these it was.
    """

    def __init__(self) -> None:
        super().__init__(
            "The API key was refused.",
            why="it is unknown, expired, revoked or too narrow",
            fix="have a new key issued under Accounts, API keys",
        )


class TokenRefusedError(AccountsError):
    """The refresh or reset token is unknown, spent or expired."""


class ReusedTokenError(TokenRefusedError):
    """A spent refresh token came back: its whole family was revoked."""
