"""Numbers that print for people and stay numbers in JSON."""

from __future__ import annotations

from stateset.lib.reports import render_bytes

UNITS = (("d", 86400), ("h", 3600), ("m", 60))


class Size(int):
    """Bytes, printed in binary units."""

    def __str__(self) -> str:
        return render_bytes(int(self))


class Span(int):
    """Seconds, printed as 30s, 5m, 4h or 7d."""

    def __str__(self) -> str:
        for unit, seconds in UNITS:
            if self >= 2 * seconds or (self >= seconds and unit != "d"):
                return f"{int(self) // seconds}{unit}"
        return f"{int(self)}s"
