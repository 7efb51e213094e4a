"""The currency that a person's totals are shown in, as long as the person has not chosen one."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import User
from accounts.services.sessions.session_service import SessionService
from dashtam.bridge.doors import run_db
from dashtam.ui.currencies import CODES


class BaseCurrencyService:
    """Proposes a currency; a choice of the person's own always stands."""

    def __init__(self, *, sessions: SessionService) -> None:
        self.sessions = sessions

    async def propose(self, *, user_id: UUID, currencies: Sequence[str]) -> None:
        """Take the first of these that is money (ISO 4217); coins and points are passed over."""
        currency = next((each for each in currencies if each in CODES), None)
        if currency is not None:
            session_ids = await run_db(User.objects.propose_base_currency, user_id=user_id, currency=currency)
            await self.sessions.forget(session_ids)
