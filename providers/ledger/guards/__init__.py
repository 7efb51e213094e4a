"""Sudden changes: held back until the person has looked, since a fault of a feed is as likely as the truth."""
