"""The contract's own types: the steps of access, the facts of an institution, and its data in batches."""
