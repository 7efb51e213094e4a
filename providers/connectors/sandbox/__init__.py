"""Sandbox Bank, the institution that comes with Dashtam."""

from providers.connectors.sandbox.connector import SandboxConnector

__all__ = ["SandboxConnector"]
