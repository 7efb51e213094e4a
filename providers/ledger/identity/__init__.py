"""Identity over time: which of a source's rows tell of which event. Pure Python, driven by the observations' room."""
