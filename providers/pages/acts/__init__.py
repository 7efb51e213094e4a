"""Pages of what people do with their accounts, connections, imports and transactions."""
