from __future__ import annotations

from django.db import migrations


def stop(apps: object, schema_editor: object) -> None:
    raise ValueError("a bad day")


class Migration(migrations.Migration):
    operations = [migrations.RunPython(stop)]
