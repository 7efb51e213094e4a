"""The people who use Dashtam, their sessions, the one-time links we mail them, and what happened."""

from accounts.models.audit import AuditEvent
from accounts.models.one_time_link import OneTimeLink
from accounts.models.session import Session
from accounts.models.user import User

__all__ = ["AuditEvent", "OneTimeLink", "Session", "User"]
