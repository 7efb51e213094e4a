"""Accounts over time: known again under new ids, found to be one, and made one."""
