"""The yardstick: the same two lists by FastAPI, SQLAlchemy and asyncpg, as one would write them today."""
