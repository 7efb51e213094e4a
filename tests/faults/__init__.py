"""`make faults`: breaks what Dashtam relies on, and watches what that costs."""
