"""The people who use Dashtam, their sessions, and the one-time links we mail them."""

from accounts.models.one_time_link import OneTimeLink
from accounts.models.session import Session
from accounts.models.user import User

__all__ = ["OneTimeLink", "Session", "User"]
