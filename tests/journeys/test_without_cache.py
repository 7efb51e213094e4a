"""Without the cache everything works, only slower."""

from tests.stack import Stack


def test_the_main_job_works_without_the_cache() -> None:
    with Stack(ready="/healthz", REDIS_URL="redis://127.0.0.1:1/0") as stack:
        email, token = stack.sign_up()
        assert stack.connect(email, token).status_code == 200
        assert stack.synced(token)["state"] == "active"
        with stack.api(token) as api:
            assert len(api.get("accounts").json()["results"]) == 5
            assert api.get("net-worth").status_code == 200
            assert api.delete("auth/sessions").status_code == 204
        with stack.api() as api:
            ready = api.get(f"{stack.origin}/readyz")
            assert (ready.status_code, ready.json()["checks"]["cache"]) == (200, "unreachable")
            whole = api.get(f"{stack.origin}/healthz/installation")
            assert (whole.status_code, whole.json()["checks"]["cache"]) == (503, "unreachable")
