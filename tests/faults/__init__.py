"""`make faults`: breaks the servers that Dashtam relies on, and measures the damage."""
