from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookshop", "0001_books")]
    operations = [
        migrations.AddField(
            "Book", "isbn", models.CharField(max_length=13, db_default="")
        ),
    ]
