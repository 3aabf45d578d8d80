"""Users: people who log in, by e-mail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from stateset.lib.constraints import check
from stateset.lib.models import Document


class UserManager(BaseUserManager["User"]):
    """Make users with a lower-case e-mail and a hashed password."""

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Return a new user; without a password it can't log in with one."""
        user = self.model(email=email.strip().lower(), **fields)
        if not user.name:
            user.name = user.email.partition("@")[0]
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Return a new user who may do everything."""
        fields |= {"is_staff": True, "is_superuser": True}
        return self.create_user(email, password, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin, Document):
    """One person (or program) that can log in; deactivated, never deleted."""

    email = models.EmailField(
        max_length=255,
        unique=True,
        error_messages={"unique": "There is a user with this e-mail already."},
    )
    name = models.CharField(max_length=255)
    password = models.CharField(max_length=255, db_column="password_hash")
    is_active = models.BooleanField(
        default=True, help_text="Clear this instead of deleting the user."
    )
    is_staff = models.BooleanField(
        "staff", default=False, help_text="May log in to this admin site."
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        db_table_comment = "People and programs that can log in"
        permissions = (
            ("break_glass", "Can edit documents by hand, past their rules"),
            ("give_rights", "Can give people any groups and permissions"),
        )
        constraints = [
            check(
                Q(email=Lower("email")),
                name="user_email_lower_case",
                message="E-mail addresses are kept in small letters.",
            ),
            check(
                ~Q(name=""), name="user_name_given", message="Name must not be empty."
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = self.email.strip().lower()

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.partition(" ")[0]
