"""Secrets and servers for the test run, set before Django reads its settings (`pytest -p tests.environment`)."""

import os

from dashtam import local

os.environ["DASHTAM_HOME"] = str(local.home() / "test")
os.environ["SANDBOX_URL"] = "http://127.0.0.1:1"  # nobody answers; tests that need the bank start one
os.environ["PUBLIC_URL"] = "http://testserver"
os.environ["EMAIL_PROVIDER"] = "outbox"
local.load_secrets(generate=True)
local.start_servers()
