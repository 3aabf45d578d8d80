"""Read the environment: typed, loud about a bad value, aware of every known name.

Used by ``stateset.settings`` only. An empty variable counts as not set, since
Compose files and shell scripts pass unset variables on that way.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from stateset.lib.crontab import Crontab, parse_crontab

PREFIX = "APP__"
OFF = "off"
UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
}
BOOLEANS = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True)
class Variable:
    """One variable the settings read; ``default`` is what it is when not set."""

    name: str
    default: object = None
    secret: bool = False


KNOWN: dict[str, Variable] = {}


def env_str(name: str, default: str = "", *, choices: Iterable[str] = ()) -> str:
    """Return the text, one of ``choices`` where there are any."""
    value = _read(name, default)
    if value is None:
        return default
    allowed = tuple(choices)
    if allowed and value not in allowed:
        raise _refused(name, value, "one of " + ", ".join(allowed))
    return value


def env_int(
    name: str, default: int, *, minimum: int = 0, maximum: int | None = None
) -> int:
    """Return the whole number within its limits."""
    value = _read(name, default)
    if value is None:
        return default
    limits = f"from {minimum} on" if maximum is None else f"{minimum} to {maximum}"
    number = int(value) if re.fullmatch(r"\s*[+-]?[0-9]+\s*", value) else None
    if number is None or number < minimum or (maximum is not None and number > maximum):
        raise _refused(name, value, f"a whole number {limits}")
    return number


def env_bool(name: str, *, default: bool) -> bool:
    """Return true or false; only the usual spellings count."""
    value = _read(name, default)
    if value is None:
        return default
    if value.strip().lower() not in BOOLEANS:
        raise _refused(name, value, "one of " + ", ".join(BOOLEANS))
    return BOOLEANS[value.strip().lower()]


def env_list(name: str, default: Iterable[str] = ()) -> list[str]:
    """Return what stands between the commas, without the blanks around it."""
    value = _read(name, tuple(default))
    if value is None:
        return list(default)
    return [item.strip() for item in value.split(",") if item.strip()]


def env_duration(
    name: str, default: str, *, minimum: timedelta = timedelta()
) -> timedelta:
    """Return a time span, as ``500ms``, ``30s``, ``5m``, ``4h``, ``7d``, or seconds."""
    value = _read(name, default)
    text = default if value is None else value.strip()
    match = re.fullmatch(r"([0-9]{1,9})(ms|[smhd])?", text)
    span = timedelta(**{UNITS[match[2] or "s"]: int(match[1])}) if match else None
    if span is None or span < minimum:
        least = f" of at least {minimum.total_seconds():g}s" if minimum else ""
        raise _refused(name, text, f"a time span{least}, as 30s, 5m, 4h or 7d")
    return span


def env_crontab(name: str, default: str) -> Crontab | None:
    """Return a crontab line in UTC, nothing where it says ``off``."""
    text = env_str(name, default).strip()
    if text == OFF:
        return None
    try:
        return parse_crontab(text)
    except ValueError as error:
        allowed = f"a crontab line in UTC, as 0 2 * * *, or {OFF} ({error})"
        raise _refused(name, text, allowed) from error


def env_networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return addresses and networks, as ``10.0.0.7, 10.1.0.0/16, fd00::/8``."""
    networks = []
    for item in env_list(name):
        try:
            networks.append(ip_network(item))
        except ValueError as error:
            allowed = "a list of addresses and networks, as 10.0.0.7, 10.1.0.0/16"
            raise _refused(name, item, allowed) from error
    return networks


def env_path(name: str, default: str, *, root: Path) -> Path:
    """Return a path; a relative one is taken from ``root``, never from here."""
    return root / Path(env_str(name, default)).expanduser()


def env_secret(name: str) -> str:
    """Return a secret from the variable or the file that ``NAME_FILE`` points to."""
    KNOWN[name] = Variable(name, secret=True)
    KNOWN[f"{name}_FILE"] = Variable(f"{name}_FILE")
    value = os.environ.get(name, "")
    file = os.environ.get(f"{name}_FILE", "")
    if value and file:
        raise ImproperlyConfigured(
            f"{name} and {name}_FILE are both set: set only one of them."
        )
    if not file:
        return value
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ImproperlyConfigured(
            f"{name}_FILE is {file!r}, which cannot be read ({reason}): "
            "allowed is the path of a readable file that holds the secret."
        ) from error


def given(names: Iterable[str]) -> dict[str, str]:
    """Return those of these variables that are set; a secret also from its file."""
    found = {}
    for name in names:
        known = KNOWN.get(name)
        is_secret = known is not None and known.secret
        value = env_secret(name) if is_secret else os.environ.get(name, "")
        if value:
            found[name] = value
    return found


def generated_secret(path: Path) -> str:
    """Return the secret kept in ``path``, making it on first use (mode 0600).

    Two processes starting together end up with the same one.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def unknown_names() -> dict[str, str]:
    """Return each ``APP__`` variable nobody reads, with the likeliest meant name."""
    known = [name for name in KNOWN if name.startswith(PREFIX)]
    return {
        name: next(iter(get_close_matches(name, known, n=1)), "")
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in KNOWN
    }


def _read(name: str, default: object) -> str | None:
    KNOWN[name] = Variable(name, default)
    return os.environ.get(name) or None


def _refused(name: str, value: str, allowed: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {value!r}: allowed is {allowed}.")
