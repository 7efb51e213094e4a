"""Rows of a table to transactions."""
