"""What orders tell the apps above them, inside the transaction of the change.

Each is sent with ``send``: what a receiver raises undoes the whole change, which is
how one may veto. Keyword arguments: ``order`` and ``at``; ``order_cancelling`` and
``order_closing_short`` also have ``reason``.
"""

from __future__ import annotations

from django.dispatch import Signal

order_confirmed = Signal()
"""Sent when stock is reserved and the order is confirmed."""

order_cancelling = Signal()
"""Sent before an order is cancelled: what was begun for it is to be undone now."""

order_closing_short = Signal()
"""Sent before units are given up; ``quantities`` says how many, by key of the line."""

order_total_changed = Signal()
"""Sent when lines or freight are changed; ``was`` is what the order cost before."""

order_delivered = Signal()
"""Sent when everything of the order has arrived."""
