"""CSV tables of banks and brokers: bytes to statements, and what was understood of them."""
