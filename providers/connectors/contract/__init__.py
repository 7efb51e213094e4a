"""The contract's own types: the steps of access, and the facts of an institution."""
