"""Builds the services that every app may use from the settings."""

from django.conf import settings

from dashtam.crypto.encryption_service import EncryptionService


def encryption_service() -> EncryptionService:
    """Seals and opens what people and institutions entrust to us."""
    return EncryptionService(keys=settings.ENCRYPTION_KEYS)
