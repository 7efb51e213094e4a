"""Help for people who have lost all their second factors: slow, and not behind their backs."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from accounts.models import RecoveryCode, Session, Totp, User
from dashtam.bridge.doors import run_db
from tests.accounts.conftest import Api, mails
from tests.accounts.second_factors import enrol, sign_in_with
from tests.conftest import PASSWORD


async def released(user: User) -> str:
    said = StringIO()
    await run_db(call_command, "release_second_factors", user.email, stdout=said)
    return said.getvalue()


async def told() -> list[str]:
    return [mail.context["change"] for mail in await mails("second_factor_changed")]


def later(**span: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(**span))


async def test_a10_lost_factors_are_removed_after_three_days_and_their_person_is_told(
    api: Api, ana: User
) -> None:
    await enrol(api, ana)
    assert "Nothing is removed yet" in await released(ana)
    with later(hours=71):
        assert "Nothing is removed yet" in await released(ana)
        assert await Totp.objects.aexists()
    with later(hours=73):
        assert "are removed" in await released(ana)
    assert await told() == ["totp_added", "release_started", "released"]
    assert not await Totp.objects.aexists()
    assert not await RecoveryCode.objects.aexists()
    assert not await Session.objects.live().aexists()
    await Api().sign_in(ana.email)


async def test_a10_whoever_has_not_lost_them_stops_it_by_signing_in(api: Api, ana: User) -> None:
    _, codes = await enrol(api, ana)
    await released(ana)
    assert (await sign_in_with(Api(), ana, codes[0], PASSWORD)).status_code == 200
    with later(hours=73):
        assert "Nothing is removed yet" in await released(ana)
    assert await Totp.objects.aexists()


async def test_a10_a_fresh_proof_with_one_of_them_stops_it_too(api: Api, ana: User) -> None:
    _, codes = await enrol(api, ana)
    await released(ana)
    proof = {"password": PASSWORD, "otp": codes[0]}
    assert (await api.post("auth/reauthentications", proof)).status_code == 204
    with later(hours=73):
        assert "Nothing is removed yet" in await released(ana)
    assert await Totp.objects.aexists()


async def test_a_release_that_nobody_completed_lapses(api: Api, ana: User) -> None:
    await enrol(api, ana)
    await released(ana)
    with later(days=15):
        assert "Nothing is removed yet" in await released(ana)
    assert await Totp.objects.aexists()


async def test_only_people_with_a_second_factor_can_be_released(ana: User) -> None:
    for email in (ana.email, "nobody@example.org"):
        with pytest.raises(CommandError, match="Nobody with this address"):
            await run_db(call_command, "release_second_factors", email)
