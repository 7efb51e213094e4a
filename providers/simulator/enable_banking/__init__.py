"""Enable Banking's dialect: the customers' accounts under European rules."""
