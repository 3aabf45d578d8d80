"""The site is its admin; the probes are answered by a middleware before this."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from stateset.accounts.views import follow_password_link, set_new_password
from stateset.site import show_icon

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", show_icon),
    path("admin/", admin.site.urls),
    path("reset-password/<str:secret>/", follow_password_link, name="reset-password"),
    path("new-password/", set_new_password, name="new-password"),
]

handler400 = "stateset.system.error_pages.bad_request"
handler403 = "stateset.system.error_pages.permission_denied"
handler404 = "stateset.system.error_pages.page_not_found"
handler500 = "stateset.system.outage.server_error"
