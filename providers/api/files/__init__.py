"""Files over the API: imports, and tables before they are imported."""
