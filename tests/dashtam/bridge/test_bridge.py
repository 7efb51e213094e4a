"""The doors between async code and threads."""

from accounts.models import User
from dashtam.bridge.doors import run_db


async def test_run_db_sees_the_test_transaction(ana: User) -> None:
    assert await run_db(User.objects.count) == 1
    assert (await User.objects.aget(email=ana.email)).name == "Ana"
