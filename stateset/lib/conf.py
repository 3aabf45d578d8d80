"""The only reader of settings in stateset.lib; read when asked for."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def var_folder() -> Path:
    """Return where this installation keeps files of its own."""
    return Path(settings.VAR_DIR)
