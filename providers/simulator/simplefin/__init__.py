"""A SimpleFIN bridge, through which the household's banks can be read."""
