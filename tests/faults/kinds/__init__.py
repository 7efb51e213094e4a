"""The faults by kind: each breaks something, and says what must hold meanwhile and afterwards."""
