"""Change a user's password, by the same service as the pages."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from stateset.accounts.errors import AccountsError
from stateset.accounts.models import User
from stateset.accounts.services import set_password
from stateset.lib.commands import StatesetCommand
from stateset.lib.journal import acting
from stateset.lib.reports import Report

TRIES = 3


class Command(StatesetCommand):
    help = "Change a user's password; ends their logins and open password links."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="The user's e-mail address.")

    def run(self, *, email: str, **options: Any) -> Report:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise AccountsError(
                "No password was changed.",
                why=f"there is no user {email}",
                fix="give the address that the user logs in with",
            )
        password = self._ask_for_password(user)
        with acting(actor_label=f"{getpass.getuser()} (changepassword)"):
            set_password(user=user, password=password, reason="password changed")
        return Report(summary=f"The password of {user} is changed.")

    def _ask_for_password(self, user: User) -> str:
        for _ in range(TRIES):
            password = getpass.getpass(prompt=f"New password of {user}: ")
            if password != getpass.getpass(prompt="The same again: "):
                self.stderr.write("The two passwords differ.")
                continue
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.stderr.write("\n".join(error.messages))
            else:
                return password
        raise AccountsError(
            f"The password of {user} was not changed.",
            why=f"none of {TRIES} tries was good enough",
            fix="choose a longer, less common password, and type it twice alike",
        )
