"""Layouts of tables that people have confirmed, and imports that wait to be confirmed."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0019_observed_accounts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='fileimport',
            name='state',
            field=models.CharField(choices=[('preview', 'Preview'), ('running', 'Running'), ('succeeded', 'Succeeded'), ('partial', 'Partial'), ('failed', 'Failed')], default='running', max_length=10),
        ),
        migrations.CreateModel(
            name='TableLayout',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('fingerprint', models.CharField(help_text="A digest of the table's headings and delimiter.", max_length=32)),
                ('layout', models.JSONField(help_text='Roles of columns, order of days, decimal mark, signs, currency.')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='table_layouts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('-changed_at', '-id'),
                'constraints': [models.UniqueConstraint(models.F('user'), models.F('fingerprint'), name='table_layout_once_per_shape')],
            },
        ),
    ]
