"""Files as they arrive: as people send them, and tables that are shown before they land."""
