"""Read Markdown pages: their headings, links, and what their blocks tell to run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*$")
LINK = re.compile(r"(?<!`)\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
SHELL_OPERATORS = {"|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1"}


@dataclass(frozen=True)
class Line:
    """One line of a page: where it stands, and whether it is inside a block."""

    number: int
    text: str
    in_block: bool


def lines(page: Path) -> Iterator[Line]:
    """Yield the lines of a page without the fences; continued ones joined."""
    in_block = False
    kept = ""
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(text):
            in_block = not in_block
        elif in_block and text.endswith("\\"):
            kept += text[:-1]
        else:
            yield Line(number, kept + text, in_block)
            kept = ""


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes from the headings."""
    found: set[str] = set()
    for line in lines(page):
        heading = None if line.in_block else HEADING.match(line.text)
        if heading:
            text = re.sub(r"[^\w\- ]", "", heading["text"].lower()).replace(" ", "-")
            copies = [
                anchor for anchor in found if re.fullmatch(rf"{text}(-\d+)?", anchor)
            ]
            found.add(f"{text}-{len(copies)}" if copies else text)
    return found


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Yield line and target of every link to another place of the project."""
    for line in lines(page):
        if line.in_block:
            continue
        for link in LINK.finditer(line.text):
            if not re.match(r"[a-z]+:", link["target"]):
                yield line.number, link["target"]


def shell_commands(page: Path, program: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line and arguments of each call of ``program`` in a block."""
    for line in lines(page):
        if not line.in_block or not re.search(
            rf"(^|\s|/){re.escape(program)}\s", line.text
        ):
            continue
        words = shlex.split(line.text.removeprefix("$ "), comments=True)
        names = [word.rpartition("/")[2] for word in words]
        if program in names:
            yield line.number, _arguments(words[names.index(program) + 1 :])


def _arguments(words: list[str]) -> list[str]:
    for index, word in enumerate(words):
        if word in SHELL_OPERATORS or word.endswith(";"):
            return words[:index] + (
                [word[:-1]] if word.endswith(";") and word != ";" else []
            )
    return words
