"""How support staff get into the admin, what they may see there, and what they may do for people."""
