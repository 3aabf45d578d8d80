from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0002_scrap_in_words'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='purchaseorder',
            options={'permissions': [('approve_purchaseorder', 'Can approve purchase orders')]},
        ),
    ]
