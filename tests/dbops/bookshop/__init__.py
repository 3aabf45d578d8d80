"""A small app with migrations for every fate; it has no models of its own."""

from __future__ import annotations
