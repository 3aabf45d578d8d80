"""What returns add to the page of an order: the way to a new one."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from orders.admin.order import OrderAdmin
from orders.models import Order
from returns.services.returnable import lines_out_there
from stateset.lib.admin.extensible import PageLink


def new_return_url(request: HttpRequest, order: Order) -> str:
    """Return where a return of this order is opened, "" where nothing can come back."""
    if not request.user.has_perm("returns.add_returnrequest"):
        return ""
    if order.fulfillment_status == Order.FulfillmentStatus.UNFULFILLED:
        return ""
    if not lines_out_there(order).exists():
        return ""
    page = reverse("admin:returns_returnrequest_add")
    return f"{page}?{urlencode({'order': str(order.pk)})}"


OrderAdmin.extend(links=[PageLink("Return", new_return_url)])
