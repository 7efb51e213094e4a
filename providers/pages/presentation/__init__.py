"""Pure functions from rows of queries to what the templates show, one module for each noun of the URLs."""
