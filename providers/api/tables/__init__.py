"""Tables (CSV) before they are imported."""
