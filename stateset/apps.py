"""Django's admin app, with a site of our own."""

from __future__ import annotations

from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig

from stateset.system import conf


class StatesetAdminConfig(SimpleAdminConfig):
    """The admin, on :class:`stateset.site.StatesetSite`.

    An operation such as ``backup`` does not load the pages: it starts faster, and a
    page that is broken does not stop it.
    """

    default_site = "stateset.site.StatesetSite"

    def ready(self) -> None:
        super().ready()
        if not conf.installation().is_operation:
            autodiscover()
