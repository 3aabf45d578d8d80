"""The ways by which people and programs are told: mail, and a webhook."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial

from django.core.mail import EmailMessage, get_connection

from dbops import conf
from dbops.telling.calling import call, within
from dbops.telling.words import Message, scrub

LIMIT_SECONDS = 35.0
"""How long one way of telling may take, however its server behaves."""
MAIL, WEBHOOK = "mail", "webhook"

logger = logging.getLogger(__name__)


def ways() -> list[str]:
    """Return the ways that are configured."""
    configured = {MAIL: conf.mail_to(), WEBHOOK: conf.webhook().url}
    return [way for way, target in configured.items() if target]


def send(message: Message) -> dict[str, str]:
    """Send by every way; return by way why it failed, "" where it did not.

    Never raises; what fails is logged.
    """
    secrets = conf.secrets()
    scrubbed = message.without(secrets)
    came = {}
    for way in ways():
        why = within(LIMIT_SECONDS, partial(SENDERS[way], scrubbed))
        came[way] = scrub(why, secrets)
        if why:
            logger.warning("Nobody was told by %s: %s", way, came[way])
    return came


def _mail(message: Message) -> None:
    # Closed also where the server wants no login or has no certificate to trust.
    with get_connection() as connection:
        EmailMessage(
            message.subject,
            message.body,
            conf.mail_from(),
            conf.mail_to(),
            headers={"Auto-Submitted": "auto-generated"},
            connection=connection,
        ).send()


def _post(message: Message) -> None:
    hook, body = conf.webhook(), message.as_json
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"stateset/{conf.app_version()}",
        "X-Stateset-Delivery": str(uuid.uuid4()),
    }
    if hook.key:
        headers["X-Stateset-Signature"] = signature(hook.key, body, int(time.time()))
    call("POST", hook.url, body=body, headers=headers)


def signature(key: str, body: bytes, at: int) -> str:
    """Return what proves that a body was sent by who has the key, and when."""
    signed = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},sha256={signed.hexdigest()}"


SENDERS: Mapping[str, Callable[[Message], None]] = {MAIL: _mail, WEBHOOK: _post}
