from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashtam', '0003_installation'),
    ]

    operations = [
        migrations.AddField(
            model_name='installation',
            name='backed_up_at',
            field=models.DateTimeField(null=True),
        ),
    ]
