"""The models of mail: what goes out, and the addresses that take none."""

from notifications.models.email import Email
from notifications.models.suppression import Suppression

__all__ = ["Email", "Suppression"]
