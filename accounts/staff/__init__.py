"""Support staff: their way into the admin, their roles, and their acts for people, each with a reason."""
