"""How news is worded, for people and for programs; secrets are left out of both."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dbops.telling.troubles import GOES_ON, OVER, News

HIDDEN = "***"
IN_A_URL = re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+(?=@)")
SUBJECT_CHARACTERS = 150


@dataclass(frozen=True)
class Message:
    """What is sent: the same to everybody, by whatever way."""

    subject: str
    body: str
    data: dict[str, Any]

    @property
    def as_json(self) -> bytes:
        """The message for programs; ``text`` is what chat services show."""
        values = {"text": f"{self.subject}\n\n{self.body}", **self.data}
        return json.dumps(values, ensure_ascii=False).encode()

    def without(self, secrets: Collection[str]) -> Message:
        """Return it with none of these in it, nor any password in a URL."""
        return Message(
            scrub(self.subject, secrets),
            scrub(self.body, secrets),
            _scrubbed(self.data, secrets),
        )


def word_news(news: Sequence[News], *, environment: str, now: datetime) -> Message:
    """Return one message of all that is news."""
    titles = [_title(each) for each in news]
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    return _message(
        titles[0] + more,
        [_paragraph(each) for each in news],
        [_values(each) for each in news],
        environment,
        now,
    )


def word_state(
    subject: str, paragraphs: Sequence[str], *, environment: str, now: datetime
) -> Message:
    """Return a message that somebody asked for, whatever was told before."""
    return _message(subject, paragraphs, [], environment, now)


def scrub(text: str, secrets: Collection[str]) -> str:
    """Return a text with none of these in it, nor any password in a URL."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return IN_A_URL.sub(rf"\1:{HIDDEN}", text)


def _scrubbed(values: Any, secrets: Collection[str]) -> Any:
    """Scrub each text in it, and no name of a value."""
    if isinstance(values, dict):
        return {name: _scrubbed(value, secrets) for name, value in values.items()}
    if isinstance(values, list):
        return [_scrubbed(value, secrets) for value in values]
    return scrub(values, secrets) if isinstance(values, str) else values


def _message(
    subject: str,
    paragraphs: Sequence[str],
    values: list[dict[str, str]],
    environment: str,
    now: datetime,
) -> Message:
    host = socket.gethostname()
    end = f"StateSet ({environment}) on {host}, {_moment(now)}"
    line = " ".join(subject.split())[:SUBJECT_CHARACTERS]
    return Message(
        f"[StateSet {environment}] {line}",
        "\n\n".join([*paragraphs, end]) + "\n",
        {
            "environment": environment,
            "host": host,
            "at": now.isoformat(timespec="seconds"),
            "news": values,
        },
    )


def _title(news: News) -> str:
    trouble = news.known.trouble
    if news.kind == OVER:
        return f"{trouble.name} is well again"
    return f"{trouble.title}, still" if news.kind == GOES_ON else trouble.title


def _paragraph(news: News) -> str:
    known = news.known
    trouble = known.trouble
    if news.kind == OVER:
        span = f"  from {_moment(known.began_at)} to {_moment(known.over_at)}"
        return f"{_title(news)}: {trouble.title} before\n{span}"
    lines = [
        _title(news),
        trouble.what and f"  {trouble.what}",
        trouble.why and f"  why: {trouble.why}",
        trouble.fix and f"  fix: {trouble.fix}",
        f"  since {_moment(known.began_at)}",
    ]
    return "\n".join(line for line in lines if line)


def _values(news: News) -> dict[str, str]:
    known = news.known
    return {
        "key": known.trouble.key,
        "kind": news.kind,
        "title": _title(news),
        "what": known.trouble.what,
        "why": known.trouble.why,
        "fix": known.trouble.fix,
        "since": known.began_at.isoformat(timespec="seconds"),
    }


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "now"
