"""Choices about a whole table: what its columns are, and how its days, amounts and signs are read."""
