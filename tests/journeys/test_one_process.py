"""One process that serves and works: what a household may run, and what a restart of it keeps."""

from typing import Any

from tests.stack import Stack


class OneProcess(Stack):
    """A stack whose web process is its worker too."""

    def start_web(self, name: str, port: int) -> None:
        self.processes.start(name, "manage.py", "serve", "--port", str(port), "--with-worker")

    def start_worker(self, name: str = "worker", **_: Any) -> Any:
        """Start none."""


def test_mail_and_syncs_go_on_in_the_web_process_and_after_its_restart() -> None:
    with OneProcess() as stack:
        email, token = stack.sign_up()
        stack.connect(email, token)
        assert stack.synced(token)["state"] == "active"
        assert list(stack.processes.running) == ["web"]
        assert stack.end("web", within=30) < 20
        stack.start_web("web", stack.port)
        stack.processes.wait_for("web", f"{stack.origin}/healthz/installation")
        with stack.api(token) as api:
            connection = api.get("connections").json()["results"][0]
            assert api.post(f"connections/{connection['id']}/syncs").status_code == 202
        assert stack.synced(token)["state"] == "active"
        log = (stack.home / "logs" / "web.log").read_text()
        assert "exception.unhandled" not in log
        assert "Traceback" not in log
