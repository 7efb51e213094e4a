"""Sandbox Bank: a fake institution over real HTTP, in a process of its own, that knows nothing of Dashtam."""
