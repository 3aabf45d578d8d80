"""Programs that tests call, and which CI must have."""

from __future__ import annotations

import os
import shutil

import pytest


def require_tool(name: str) -> str:
    """Return the path of a program; without it skip, or fail where CI says so."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed"
        if os.environ.get("TOOLS_REQUIRED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
