"""ReviewService: a person's answers to questions about accounts and rows."""

from uuid import UUID

from dashtam.bridge.doors import run_db
from notifications.services.live_event_service import LiveEventService
from providers.ledger.observations import answers
from providers.ledger.review import undoing


class ReviewService:
    """Carries out what a question proposes, leaves things as they are, or takes the answer back."""

    def __init__(self, *, live_events: LiveEventService) -> None:
        self.live_events = live_events

    async def accept(self, *, user_id: UUID, review_id: UUID) -> None:
        """Carry out what an open question proposes. Raises NotFound."""
        await run_db(answers.accept, user_id, review_id)
        await self._tell(user_id, review_id)

    async def refuse(self, *, user_id: UUID, review_id: UUID) -> None:
        """Leave things as they are. Raises NotFound."""
        await run_db(answers.refuse, user_id, review_id)
        await self._tell(user_id, review_id)

    async def undo(self, *, user_id: UUID, review_id: UUID) -> None:
        """Take an answer back; the question waits again. Raises NotFound."""
        await run_db(undoing.undo_answer, user_id, review_id)
        await self._tell(user_id, review_id)

    async def _tell(self, user_id: UUID, review_id: UUID) -> None:
        await self.live_events.publish(user_id=user_id, type="review.changed", review_id=review_id)
