"""Groups: what a role may do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from stateset.accounts.admin.user import GIVE_RIGHTS
from stateset.lib.admin import StatesetAdmin, number

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(StatesetAdmin, DjangoGroupAdmin):
    """The groups a company starts with may be changed; what is taken stays away."""

    is_small = True
    list_display = (
        "name",
        number("member_count", label="members"),
        number("permission_count", label="permissions"),
    )
    list_filter = ()
    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Nobody gives away more than they hold, neither to others nor to themselves.
        return () if request.user.has_perm(GIVE_RIGHTS) else ("permissions",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(
            member_count=Count("user", distinct=True),
            permission_count=Count("permissions", distinct=True),
        )
        return counted
