"""Enable Banking: banks in Europe, for the accounts that an installation's owner has linked to their application."""

from providers.connectors.enable_banking.connector import EnableBankingConnector

__all__ = ["EnableBankingConnector"]
