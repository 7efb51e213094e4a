"""SnapTrade: brokerages in North America and beyond, for a person's own SnapTrade account."""

from providers.connectors.snaptrade.connector import SnapTradeConnector

__all__ = ["SnapTradeConnector"]
