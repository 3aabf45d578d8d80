"""What can go wrong with demo data."""

from __future__ import annotations

from stateset.lib.errors import StatesetError


class DemoRefusedError(StatesetError):
    """The database has rows of its own, so no demo data is mixed in."""
