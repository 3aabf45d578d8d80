from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookclub", "readers")]
    operations = [migrations.RemoveField("Reader", "name")]
