"""Housekeeping of the job queue."""

from procrastinate.contrib.django import app

from dashtam.bridge.doors import run_db
from dashtam.jobs.background import background
from dashtam.jobs.rescue import rescue_jobs


@app.periodic(cron="* * * * *")
@background(queue="schedule", queueing_lock="tidy_jobs")
async def tidy_jobs(timestamp: int) -> None:
    """Rescue the jobs of dead workers, as each worker does by itself too, and delete jobs that ended days ago."""
    await run_db(rescue_jobs)
    jobs = app.job_manager
    await jobs.delete_old_jobs(nb_hours=72, include_cancelled=True, include_aborted=True)
    await jobs.delete_old_jobs(nb_hours=24 * 30, include_failed=True)
