"""An app whose migrations stand on those of the bookshop."""

from __future__ import annotations
