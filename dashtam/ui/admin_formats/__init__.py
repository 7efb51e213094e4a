"""Formats of dates in the admin, found by Django under the name of the language."""
