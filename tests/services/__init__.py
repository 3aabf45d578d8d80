"""Real servers for tests: our own, on free ports, gone when the tests end."""

from __future__ import annotations
