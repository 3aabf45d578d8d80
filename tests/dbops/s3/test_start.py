"""boto3 takes longer to import than a command may take to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys, django
django.setup()
from django.core.management import call_command
try:
    call_command("backup", "--help")
except SystemExit:
    pass
print("imported:", sorted({"boto3", "botocore", "storages"} & set(sys.modules)))
"""


@pytest.mark.parametrize("bucket", ["", "a-bucket"])
def test_a_command_starts_without_boto3(bucket: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "stateset.settings",
            "APP__ENVIRONMENT": "test",
            "AWS_S3_BUCKET": bucket,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("imported: []\n")
