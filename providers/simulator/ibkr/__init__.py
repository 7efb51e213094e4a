"""Interactive Brokers' Flex Web Service, with the household's portfolio."""
