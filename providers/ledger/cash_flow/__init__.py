"""Cash flow: intervals, what moved in them, and transfers between own accounts."""
