from django.db import migrations, models


def require_titles(apps, schema_editor):
    """Stop half-way where a book has no title."""
    books = apps.get_model("bookshop", "Book").objects
    if books.using(schema_editor.connection.alias).filter(title="").exists():
        raise ValueError("a book has no title")


class Migration(migrations.Migration):
    dependencies = [("bookshop", "0002_isbn")]
    operations = [
        migrations.AddField("Book", "price", models.IntegerField(null=True)),
        migrations.RunPython(require_titles, migrations.RunPython.noop),
    ]
