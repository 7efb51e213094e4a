"""Plaid, with an installation's own keys: one Item is one connection."""
