"""Institutions behind the aggregators of the catalogue."""
