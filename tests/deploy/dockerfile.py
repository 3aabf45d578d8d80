"""Read deploy/Dockerfile, and do its steps in a folder that stands for the image."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from tests.deploy.places import ROOT, read_text

OF_THE_MACHINE = ("apt-get", "useradd", "pip")
"""First words of the steps that a folder can't take: packages and users."""
INDEX = re.compile(
    r"UV_(INDEX|DEFAULT_INDEX|CACHE_DIR)|SSL_CERT|(HTTPS?|NO)_PROXY$", re.I
)
"""What a machine needs to reach its package index, and to fetch nothing twice."""


@dataclass(frozen=True)
class Step:
    """One instruction: ``RUN``, ``COPY`` …, and the rest of its line."""

    name: str
    rest: str


def steps() -> list[Step]:
    """Return the instructions in order, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", read_text("Dockerfile"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    pairs = (line.partition(" ") for line in lines if line.strip())
    return [Step(name, rest.strip()) for name, _, rest in pairs]


def value(name: str) -> str:
    """Return the rest of the last instruction of that name."""
    return [step.rest for step in steps() if step.name == name][-1]


def delivered() -> Iterator[Path]:
    """Yield the files that ``COPY . .`` takes, as .dockerignore lets them through."""
    rules = [
        rule
        for rule in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if rule and not rule.startswith("#")
    ]
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    anywhere = [rule[3:] for rule in rules if rule.startswith("**/")]
    assert len(rules) == 1 + len(allowed) + len(anywhere), "a form not known here"
    assert rules[0] == "*"
    for name in allowed:
        place = ROOT / name
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not any(
                fnmatch(part, rule) for part in parts for rule in anywhere
            ):
                yield path


@dataclass
class ScratchImage:
    """A folder in place of the image's root; ``skipped`` is what it can't take."""

    root: Path
    path: str
    variables: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    skipped: list[str] = field(default_factory=list)

    def build(self) -> None:
        """Do every step in order; both stages share the one folder."""
        for step in steps():
            getattr(self, f"_do_{step.name.lower()}", self._pass)(step.rest)

    def command(self) -> list[str]:
        """Return what the image starts by itself."""
        words: list[str] = json.loads(value("CMD"))
        return words

    def run(
        self, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the image's folder and environment, to its end."""
        return subprocess.run(
            arguments,
            cwd=self.folder,
            env=self.environment(variables),
            capture_output=True,
            text=True,
            check=False,
        )

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the image's variables; ``HOME`` and ``PATH`` as Docker gives them."""
        of_the_index = {
            name: text for name, text in os.environ.items() if INDEX.match(name)
        }
        own = {"HOME": str(self.root), "PATH": self.path, **self.variables}
        return {**of_the_index, **own, **more}

    @property
    def folder(self) -> Path:
        """Return where the image's working folder is here."""
        return Path(self.here(self.workdir))

    def here(self, text: str) -> str:
        """Return text with the image's own folders moved below this one."""
        return re.sub(
            r"(?<![\w./])/(app|backups|var/lib/stateset)\b", rf"{self.root}/\1", text
        )

    def _do_workdir(self, rest: str) -> None:
        self.workdir = rest
        self.folder.mkdir(parents=True, exist_ok=True)

    def _do_env(self, rest: str) -> None:
        known = {"PATH": self.path, **self.variables}
        for word in shlex.split(rest):
            name, _, text = word.partition("=")
            self.variables[name] = re.sub(
                r"\$(\w+)", lambda found: known.get(found[1], ""), self.here(text)
            )

    def _do_copy(self, rest: str) -> None:
        words = rest.split()
        if words[0].startswith("--from="):
            assert self.here(words[1]) == str(self.folder / words[2])
            return
        *sources, target = words
        if sources == ["."]:
            for path in delivered():
                self._place(path, path.relative_to(ROOT))
            return
        for name in sources:
            to = Path(target) / name if target.endswith("/") else Path(target)
            self._place(ROOT / name, to)

    def _place(self, path: Path, to: Path) -> None:
        copy = self.folder / to
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)

    def _do_run(self, rest: str) -> None:
        if rest.startswith(OF_THE_MACHINE):
            self.skipped.append(rest.split()[0])
            return
        done = self.run("sh", "-ec", self.here(rest))
        assert done.returncode == 0, f"{rest}\n{done.stdout}{done.stderr}"

    def _pass(self, rest: str) -> None:
        """Leave alone what only a container has: users, ports, probes."""


def tools_on_path() -> str:
    """Return a PATH with a Python that is no venv's, and uv as the project has it."""
    places = (f"{sys.base_prefix}/bin", f"{ROOT}/.venv/bin", "/usr/bin", "/bin")
    return os.pathsep.join(places)
