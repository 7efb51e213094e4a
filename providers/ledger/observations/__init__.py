"""Observations: everything that sources have said, and the ledger as its projection."""
