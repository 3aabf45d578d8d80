"""The bookshop's migrations of a bad day."""

from __future__ import annotations
