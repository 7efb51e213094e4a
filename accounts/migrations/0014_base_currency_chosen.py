from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0013_idempotency_keys'),
    ]

    operations = [
        # People who are here already are used to theirs: it counts as chosen. For new ones it is open.
        migrations.AddField(
            model_name='user',
            name='base_currency_chosen',
            field=models.BooleanField(default=True),
        ),
        migrations.AlterField(
            model_name='user',
            name='base_currency_chosen',
            field=models.BooleanField(db_default=False, default=False, help_text='Until then it is the currency of the first account.'),
        ),
    ]
