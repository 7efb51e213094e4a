"""Interactive Brokers, by its Flex Web Service."""

from providers.connectors.ibkr_flex.connector import IbkrFlexConnector

__all__ = ["IbkrFlexConnector"]
