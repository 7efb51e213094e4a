"""Sources, their deliveries and observations; what people decided and edited."""

from providers.ledger.observations.models.decision import Decision, Edit, Question
from providers.ledger.observations.models.observation import Delivery, Observation
from providers.ledger.observations.models.source import AccountAlias, AccountDoor, LedgerSettings, Source

__all__ = [
    "AccountAlias",
    "AccountDoor",
    "Decision",
    "Delivery",
    "Edit",
    "LedgerSettings",
    "Observation",
    "Question",
    "Source",
]
