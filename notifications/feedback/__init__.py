"""Feedback: what becomes of mail after the mail service has taken it, as the service tells us."""
