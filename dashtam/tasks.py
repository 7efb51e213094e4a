"""Housekeeping of the job queue."""

from procrastinate.contrib.django import app

from dashtam.bridge.doors import run_db
from dashtam.jobs import ended
from dashtam.jobs.background import background
from dashtam.jobs.rescue import rescue_jobs


@app.periodic(cron="* * * * *")
@background(queue="schedule", queueing_lock="tidy_jobs")
async def tidy_jobs(timestamp: int) -> None:
    """Rescue the jobs of dead workers, as each worker does by itself too, and delete jobs that ended days ago."""
    await run_db(rescue_jobs)
    after: int | None = 0
    while after is not None:
        after = await run_db(ended.forget_some, after=after)
