"""A process that counts something into the folder it is given, says so, and lives until its input ends."""

import sys
from pathlib import Path

from dashtam.telemetry import metric_files, metrics

metric_files.open_files(Path(sys.argv[1]), "web")
metrics.refresh("refreshed")
metrics.REQUESTS.labels("/healthz", "GET", "2xx").observe(0.3)
metrics.SOCKETS.change(3)
print("counted", flush=True)
sys.stdin.read()
