"""The site is its admin; the probes are answered by a middleware before this."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]

handler400 = "stateset.system.error_pages.bad_request"
handler403 = "stateset.system.error_pages.permission_denied"
handler404 = "stateset.system.error_pages.page_not_found"
handler500 = "stateset.system.outage.server_error"
