"""Enable Banking: banks in Europe, for the accounts that an installation's owner has linked to their application."""
