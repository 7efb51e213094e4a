"""Connectors and the simulator against the documents that vendors publish, in a folder that is not part of this."""
