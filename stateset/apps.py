"""Django's admin app, with a site of our own."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class StatesetAdminConfig(AdminConfig):
    """The admin, on :class:`stateset.site.StatesetSite`."""

    default_site = "stateset.site.StatesetSite"
