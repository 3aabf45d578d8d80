"""Read deploy/crontab as cron does, and run its lines as cron would."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

from tests.deploy.places import ROOT, read_text, the_one

FIELD = r"(?:\*|\d+)(?:[-/,]\d+)*"
ASSIGNMENT = re.compile(r"^([A-Z_]+)=(.*)$")
ENTRY = re.compile(rf"^({FIELD}(?:\s+{FIELD}){{4}})\s+(.+)$")
SHELL = "/bin/sh"


@dataclass(frozen=True)
class Entry:
    """One line: when, and what ``sh`` is given."""

    when: str
    command: str

    @property
    def name(self) -> str:
        """Return the name of the command of ours that it runs."""
        return the_one(r'manage" (\w+)', self.command)


def read_crontab() -> tuple[dict[str, str], list[Entry]]:
    """Return the variables and the entries; whatever is neither is an error."""
    variables: dict[str, str] = {}
    entries = []
    for line in read_text("crontab").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if found := ASSIGNMENT.match(line):
            variables[found[1]] = found[2]
            continue
        found = ENTRY.match(line)
        assert found, f"no line that cron reads: {line}"
        # To cron an unescaped % ends the command.
        assert "%" not in found[2]
        entries.append(Entry(" ".join(found[1].split()), found[2]))
    return variables, entries


@dataclass(frozen=True)
class Machine:
    """An installation in this folder, with its settings, database and log."""

    folder: Path
    database_url: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "cron.log"

    def install(self) -> None:
        """Write the file of settings that production has."""
        key = self.folder / "secret_key"
        key.write_text(token_urlsafe(50), encoding="utf-8")
        settings = {
            "APP__ENVIRONMENT": "production",
            "APP__SECRET_KEY_FILE": str(key),
            "APP__ALLOWED_HOSTS": "shop.example",
            "APP__DATABASE_URL": self.database_url,
            "APP__VAR_DIR": str(self.folder / "var"),
            "BACKUP_DIR": str(self.folder / "backups"),
            **self.more,
        }
        lines = [f"{name}='{text}'\n" for name, text in settings.items()]
        (self.folder / "stateset.env").write_text("".join(lines), encoding="utf-8")

    def run(self, entry: Entry) -> subprocess.CompletedProcess[str]:
        """Run one line as cron does: from ``/``, with next to no environment.

        Only where the program lies, its settings and its log are others.
        """
        variables, _ = read_crontab()
        here = {
            "STATESET": str(ROOT),
            "STATESET_SETTINGS": str(self.folder / "stateset.env"),
            "LOG": str(self.log),
        }
        assert here.keys() < variables.keys()
        return subprocess.run(
            [SHELL, "-c", entry.command],
            cwd="/",
            env={
                "HOME": str(self.folder),
                "LOGNAME": "stateset",
                "PATH": "/usr/bin:/bin",
                **variables,
                **here,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def trouble_of(self, entry: Entry) -> str:
        """Run one line; return what is wrong with how it went, if anything."""
        before = self.log.stat().st_size if self.log.exists() else 0
        done = self.run(entry)
        with self.log.open(encoding="utf-8") as file:
            file.seek(before)
            said = file.read()
        # A new database may well deserve a warning, and has no rows to tell of.
        is_warning = entry.name == "db_health" and not said.startswith(
            "Unknown command"
        )
        allowed = {0, 1} if is_warning else {0}
        if done.returncode not in allowed or done.stdout or done.stderr:
            said += done.stdout + done.stderr
            return f"{entry.command}: {done.returncode}\n{said}"
        return ""
