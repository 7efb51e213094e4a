"""Linking in the browser: from the catalogue through the steps of an institution, and back."""
