"""The models of all rooms, where Django looks for them."""

from dashtam.crypto.fingerprints import KeyFingerprint
from dashtam.installation.identity import Installation
from dashtam.telemetry.samples import Sample

__all__ = ["Installation", "KeyFingerprint", "Sample"]
