"""The main job, done before your eyes: every step goes over HTTP, as a stranger's browser would."""
