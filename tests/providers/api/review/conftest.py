"""The account of tests about rows and their histories."""

from tests.providers.ledger.observations.conftest import account

__all__ = ["account"]
