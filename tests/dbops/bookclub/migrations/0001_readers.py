from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("bookshop", "0002_isbn")]
    operations = [
        migrations.CreateModel(
            "Reader",
            [
                ("id", models.BigAutoField(primary_key=True)),
                (
                    "book",
                    models.ForeignKey("bookshop.Book", models.CASCADE, null=True),
                ),
            ],
        ),
    ]
