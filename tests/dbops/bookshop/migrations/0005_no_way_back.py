from django.db import migrations, models


def do_nothing(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    dependencies = [("bookshop", "0004_shelves")]
    operations = [
        migrations.SeparateDatabaseAndState([migrations.RunPython(do_nothing)], []),
    ]
