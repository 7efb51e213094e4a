"""What the doctor looks at in every installation."""

from dashtam.doctor import files, keys, stores, web

__all__ = ["files", "keys", "stores", "web"]
