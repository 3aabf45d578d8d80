"""Ways in which a stored backup goes bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def flip_bit(path: Path, *, offset: int = -1) -> None:
    """Turn over one bit, in the middle unless ``offset`` says where."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if offset < 0 else offset] ^= 0b100
    path.write_bytes(content)


def cut_off(path: Path, *, keep: float = 0.6) -> None:
    """Lose the end of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])


def alter(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file, as somebody with an editor would."""
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | changes, indent=2))
