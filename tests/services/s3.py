"""An S3 server of our own: SeaweedFS, which refuses wrong keys and bad bytes."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

from deploy.dev.ports import free_port
from tests.services.processes import (
    ServerNotStartedError,
    give_to_server,
    running,
    server_folder,
    server_user,
)

PORTS = ("master.port", "volume.port", "filer.port", "s3.port")
# Each bucket takes volumes of its own.
VOLUMES = "-volume.max=200"
VOLUME_MEGABYTES = "-master.volumeSizeLimitMB=64"
# What would listen on a port of its own choice, where a second server finds it taken;
# and nothing is told to anybody.
SWITCHED_OFF = ("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false")


@dataclass(frozen=True)
class S3Server:
    """A running server and how to reach it."""

    url: str
    access_key: str
    secret_key: str = field(repr=False)

    @classmethod
    def of(cls, url: str) -> S3Server:
        """Read ``http://key:secret@host:port``."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return cls(
            f"{parts.scheme}://{host}",
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )


@dataclass(frozen=True)
class S3Home:
    """What a server keeps on disk, and how it is started there, also once more."""

    server: S3Server
    log: Path
    command: Sequence[str | Path]

    @contextmanager
    def running(self) -> Iterator[S3Server]:
        """Run the server until the block ends."""
        with running(
            self.command,
            log=self.log,
            is_ready=lambda: _answers(self.server.url),
            stop_seconds=0.5,
        ):
            yield self.server


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a new, empty server; it has no bucket yet."""
    with s3_home() as home, home.running() as server:
        yield server


@contextmanager
def s3_home() -> Iterator[S3Home]:
    """Make what a new server needs, and remove it at the end."""
    program = Path(sys.executable).with_name("weed")
    if not program.exists():
        raise ServerNotStartedError(
            "There is no S3 to test with.\n"
            f"  why: {program} is missing\n"
            "  fix: run make setup, or set TEST_S3_URL"
        )
    with server_folder("s3") as folder:
        if server_user():
            program = Path(shutil.copy(program, folder / "weed"))
            give_to_server(program)
        keys = (secrets.token_hex(8), secrets.token_hex(16))
        ports = {name: free_port() for name in PORTS}
        server = S3Server(f"http://127.0.0.1:{ports['s3.port']}", *keys)
        command = [program, *_arguments(folder, ports, keys)]
        yield S3Home(server, folder / "log", command)


def _arguments(
    folder: Path, ports: dict[str, int], keys: tuple[str, str]
) -> list[str | Path]:
    """Return what keeps the server small, private and on this machine."""
    config = folder / "s3.json"
    credentials = [{"accessKey": keys[0], "secretKey": keys[1]}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Admin"]}
    config.write_text(json.dumps({"identities": [identity]}))
    config.chmod(0o600)
    give_to_server(config)
    data = folder / "data"
    data.mkdir()
    give_to_server(data)
    listening = [f"-{name}={port}" for name, port in ports.items()]
    listening += [f"-{name}.grpc={free_port()}" for name in PORTS]
    places = [f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    sizes = [VOLUMES, VOLUME_MEGABYTES]
    kept = ["-filer", "-s3", f"-s3.config={config}", *SWITCHED_OFF]
    return ["server", *places, *sizes, *listening, *kept]


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/healthz", timeout=1):  # noqa: S310 -- our own server
            return True
    except HTTPError as error:
        error.close()
        return True
    except (URLError, OSError):
        return False
