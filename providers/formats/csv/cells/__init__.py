"""Bytes to records, and what single cells hold."""
