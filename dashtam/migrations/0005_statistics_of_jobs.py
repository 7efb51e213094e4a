"""Statistics of the job queue that keep up with it."""

from django.db import migrations

# The queue grows by hundreds within a second, in a table of many more jobs that have ended. By default PostgreSQL counts
# them when a tenth of the table has changed; until then it takes the queue for empty, and each fetch compares all with all.
OFTEN = "autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 500"


class Migration(migrations.Migration):
    dependencies = [("dashtam", "0004_backed_up_at"), ("procrastinate", "0041_post_retry_failed_job")]
    operations = [
        migrations.RunSQL(
            f"ALTER TABLE procrastinate_jobs SET ({OFTEN})",
            "ALTER TABLE procrastinate_jobs RESET (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold)",
        )
    ]
