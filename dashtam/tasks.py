"""Background work: procrastinate tasks that enter the database context as requests do."""

from procrastinate.contrib.django import app

from dashtam.bridge.doors import run_db
from dashtam.jobs import ended
from dashtam.jobs.background import background

DEAD_AFTER_SECONDS = 30


@app.periodic(cron="* * * * *")
@background(queue="schedule", queueing_lock="tidy_jobs")
async def tidy_jobs(timestamp: int) -> None:
    """Give the jobs of workers that died to those that live, and forget what ended some days ago.

    Every task may be run again: each first claims the row it is about.
    """
    jobs = app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
        await jobs.retry_job(job)
    after: int | None = 0
    while after is not None:
        after = await run_db(ended.forget_some, after=after)
