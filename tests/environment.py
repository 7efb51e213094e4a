"""Secrets and servers for the test run, set before Django reads its settings (`pytest -p tests.environment`)."""

import os
import sys

from dashtam.installation import local
from tests import databases

# Dozens of processes are started: without what Python keeps of a compiled module, each would compile all of ours.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

os.environ["DASHTAM_HOME"] = str(local.home() / "test")
os.environ["SANDBOX_URL"] = (
    "http://127.0.0.1:1"  # no server listens there; tests that need the bank start one
)
os.environ["PRIVATE_HOSTS"] = "127.0.0.1,localhost"  # where the parties that tests invent live
os.environ["ECB_URL"] = ""  # tests that need it serve their own
os.environ["PUBLIC_URL"] = "http://testserver"
os.environ["EMAIL_PROVIDER"] = "outbox"
os.environ["SIGN_UP"] = "open"  # tests of the door set their own
os.environ["IMPORT_MOMENT_SECONDS"] = "60"  # small files are imported at once, however busy the machine is
local.load_secrets(generate=True)
own = not os.environ.get("DATABASE_URL")
local.start_servers()
# Test databases are made, filled and emptied by their owner; whole stacks run as the role that may do less.
os.environ.setdefault("STACK_DATABASE_URL", os.environ["DATABASE_URL"])
os.environ["DATABASE_URL"] = os.environ.pop("MIGRATION_DATABASE_URL", "") or os.environ["DATABASE_URL"]
if own:
    databases.hurry(os.environ["DATABASE_URL"])
