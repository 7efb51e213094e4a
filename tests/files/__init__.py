"""`make files`: every file of a folder through the real importer, beside the facts that are known of it."""
