from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookshop", "0003_price")]
    operations = [
        migrations.CreateModel(
            "Shelf", [("id", models.BigAutoField(primary_key=True))]
        ),
    ]
