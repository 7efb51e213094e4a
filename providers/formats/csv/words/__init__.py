"""Words of tables, in several languages."""
