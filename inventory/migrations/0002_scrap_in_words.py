from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0001_initial'),
    ]

    operations = [
        migrations.AlterConstraint(
            model_name='bomlineitem',
            name='bom_line_scrap_fraction',
            constraint=models.CheckConstraint(condition=models.Q(('scrap_rate__gte', 0), ('scrap_rate__lt', 1)), name='bom_line_scrap_fraction', violation_error_message='Scrap is a fraction from 0 to below 1 (0.02 is 2 per cent).'),
        ),
    ]
