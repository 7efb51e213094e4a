"""`make deploy-check`: each way to run Dashtam that docs/deploy.md describes, from the first person to the restore."""
