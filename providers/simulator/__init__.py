"""The simulator: a fake institution over real HTTP, in a process of its own, that knows nothing of Dashtam.

`books` holds one household's truth; each folder beside it serves that truth in one dialect.
"""
