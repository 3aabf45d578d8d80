"""Call an address over HTTP, within a time: once, and again where that may help.

Nothing is followed: an answer that leads elsewhere is a refusal, so what is sent
reaches nobody but the host that was configured.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

ATTEMPTS = 3
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 10.0
TOTAL_SECONDS = 30.0
TRY_AGAIN = frozenset({408, 425, 429, *range(500, 600)})


class CallFailedError(Exception):
    """It was not taken; the text says why, and nothing of the path or the body."""


def call(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send a request until it is taken; raise CallFailedError otherwise.

    What the host refuses is not sent again; what it cannot do just now is.
    """
    give_up_at = time.monotonic() + TOTAL_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        try:
            status = _status(method, url, body, headers or {})
        except (OSError, http.client.HTTPException) as error:
            why = f"{urlsplit(url).hostname}: {str(error) or type(error).__name__}"
        else:
            if 200 <= status < 300:
                return
            why = f"{urlsplit(url).hostname} answered {status}"
            if status not in TRY_AGAIN:
                raise CallFailedError(why)
        pause = PAUSE_SECONDS * attempt
        if attempt == ATTEMPTS or time.monotonic() + pause > give_up_at:
            break
        time.sleep(pause)
    raise CallFailedError(f"{why} ({attempt} attempts)")


def within(seconds: float, work: Callable[[], None]) -> str:
    """Do the work for so long at most; return why it failed, "" where it did not.

    A time-out of a socket bounds each step, not a server that drips, nor the look-up
    of a name. What is not done by then is left to end by itself.
    """
    failed = [f"no answer within {seconds:g} seconds"]

    def try_it() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 -- whatever it is, what is told of must not fail by it
            lines = str(error).splitlines()
            failed[0] = next(iter(lines), "") or type(error).__name__
        else:
            failed[0] = ""

    thread = threading.Thread(target=try_it, daemon=True)
    thread.start()
    thread.join(seconds)
    return failed[0]


def _status(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str]
) -> int:
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host,
            parts.port,
            timeout=TIMEOUT_SECONDS,
            context=ssl.create_default_context(),
        )
    else:
        connection = http.client.HTTPConnection(
            host, parts.port, timeout=TIMEOUT_SECONDS
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body=body, headers=dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()
