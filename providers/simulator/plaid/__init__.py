"""Plaid's dialect: an aggregator at which the customers' accounts are Items."""
