"""The book club's migrations, one of which drops a column."""

from __future__ import annotations
