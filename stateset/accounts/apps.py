from __future__ import annotations

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate, pre_migrate


class AccountsConfig(AppConfig):
    """Who may enter, and with what."""

    name = "stateset.accounts"
    label = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from stateset.accounts import groups, receivers

        pre_migrate.connect(groups.note_permissions, sender=self)
        # Every app's turn: Django makes the permissions of an app in its own.
        post_migrate.connect(groups.grant_permissions)
        # Under the name of Django's own receiver, which is then not connected: this
        # app stands before django.contrib.auth in INSTALLED_APPS.
        user_logged_in.connect(receivers.on_logged_in, dispatch_uid="update_last_login")
