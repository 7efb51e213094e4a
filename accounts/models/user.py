"""A person who uses Dashtam."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from dashtam.ids import uuid7


def normalise_email(email: str) -> str:
    """Addresses are compared without regard to case; nobody runs two mailboxes that differ in it."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Creates people. `password_hash` is a finished hash: hashing is slow and not this layer's work."""

    def create_hashed(self, *, email: str, password_hash: str, name: str, **fields: Any) -> "User":
        """A new person. Raises IntegrityError if the address is taken."""
        return self.create(email=normalise_email(email), password=password_hash, name=name, **fields)

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """For `manage.py createsuperuser` only, where nothing waits for the hash."""
        user = User(email=normalise_email(email), is_staff=True, is_superuser=True, **fields)
        user.email_verified_at = timezone.now()
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=normalise_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in with an email address."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    base_currency = models.CharField(max_length=3, default="USD")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ("-created_at",)
        constraints = (models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_lower_case"),)

    def __str__(self) -> str:
        return self.email

    @property
    def may_sign_in(self) -> bool:
        """Whether a right password opens a session."""
        return self.is_active and self.email_verified_at is not None
