"""Who is told when something is wrong, and by which server."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from stateset.env import env_list, env_secret, env_str

SERVER, PEOPLE, SENDER = "APP__EMAIL_URL", "APP__ADMINS", "APP__EMAIL_FROM"
HOOK, KEY, PING = "APP__WEBHOOK_URL", "APP__WEBHOOK_KEY", "APP__BACKUP_PING_URL"
PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
ADDRESS = re.compile(r"[^\s@,<>]+@[^\s@,<>]+")
WEB_ADDRESS = re.compile(r"https?://[^\s/@]+(/[!-~]*)?")
KEY_CHARACTERS = 32


@dataclass(frozen=True)
class Mail:
    """The server that takes mail, who gets it, and who it is from."""

    host: str = "localhost"
    port: int = 25
    user: str = ""
    password: str = ""
    starts_tls: bool = False
    is_tls: bool = False
    people: tuple[str, ...] = ()
    sender: str = "stateset@localhost"


@dataclass(frozen=True)
class Telling:
    """What is told otherwise: each message to ``hook``, each backup to ``ping``."""

    hook: str = ""
    key: str = ""
    ping: str = ""


def read_mail() -> Mail:
    """Return how mail is sent; without people, none is."""
    url = env_secret(SERVER)
    people = tuple(env_list(PEOPLE))
    sender = env_str(SENDER) or next(iter(people), Mail.sender)
    for variable, address in [(PEOPLE, each) for each in people] + [(SENDER, sender)]:
        if not ADDRESS.fullmatch(address):
            raise ImproperlyConfigured(
                f"{variable} has {address!r}: allowed are addresses, as "
                "ann@shop.example, with commas between."
            )
    if people and not url:
        raise ImproperlyConfigured(
            f"{PEOPLE} is set, and {SERVER} is not: set the server that takes mail, as "
            "smtp://localhost."
        )
    return replace(_server(url), people=people, sender=sender)


def read_telling() -> Telling:
    """Return who is told by HTTP; an address may hold a secret, so none is shown."""
    hook, key, ping = env_secret(HOOK), env_secret(KEY), env_secret(PING)
    for variable, url in ((HOOK, hook), (PING, ping)):
        if url and not WEB_ADDRESS.fullmatch(url):
            raise ImproperlyConfigured(
                f"{variable} is no address: allowed is https://host/path, or http://."
            )
    if key and len(key) < KEY_CHARACTERS:
        raise ImproperlyConfigured(
            f"{KEY} is too short: allowed are {KEY_CHARACTERS} characters or more. "
            "Make one with `openssl rand -base64 48`."
        )
    return Telling(hook, key, ping)


def _server(url: str) -> Mail:
    if not url:
        return Mail()
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in PORTS or not parts.hostname or port == 0 or parts.query:
        raise ImproperlyConfigured(
            f"{SERVER} is no mail server: allowed is {', '.join(PORTS)}, as "
            "smtp+tls://user:password@mail.shop.example:587."
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not f"{user}{password}".isascii():
        # As Python's smtplib sends them; it would be found out by the first failure.
        raise ImproperlyConfigured(
            f"{SERVER} has a user or a password with letters outside ASCII: allowed "
            "are those of ASCII. Choose another password at the mail server."
        )
    return Mail(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=user,
        password=password,
        starts_tls=parts.scheme == "smtp+tls",
        is_tls=parts.scheme == "smtps",
    )
