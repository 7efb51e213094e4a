"""SimpleFIN: access that a person gives at a bridge, to any number of their banks."""

from providers.connectors.simplefin.connector import SimpleFinConnector

__all__ = ["SimpleFinConnector"]
