"""The dashboard and the alert rules in docs/observability name metrics that exist, with labels that they have."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from django.utils import timezone
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from dashtam.installation.identity import Installation
from dashtam.telemetry import metrics
from notifications.models import Email
from tests.rules import ROOT

FOLDER = ROOT / "docs" / "observability"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
OF_THE_SCRAPER = {"up"}
LABELS_OF_THE_SCRAPER = {"job", "instance"}
SUFFIXES = ("_bucket", "_count", "_sum")


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"])


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    for panel in panels():
        for target in panel.get("targets", []):
            yield target["expr"].replace("$__rate_interval", "5m")


def selectors(expression: str) -> list[Any]:
    """The selectors of a query. Raises ValueError where it is none."""
    found = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(expression), visit, lambda _: True)
    return found


def known() -> dict[str, set[str]]:
    """The labels of each metric, by the names under which Prometheus keeps it."""
    metrics.request("/", "GET", 200, 0.1)
    found: dict[str, set[str]] = {}
    declared = [each for each in vars(metrics).values() if hasattr(each, "_labelnames")]
    for metric in declared:
        labels = set(metric._labelnames)
        name = metric._name
        found |= dict.fromkeys(
            [name, f"{name}_total", f"{name}_bucket", f"{name}_count", f"{name}_sum"], labels
        )
        found[f"{name}_bucket"] = labels | {"le"}
    for level in (each for each in vars(metrics).values() if isinstance(each, metrics.Level)):
        found[level.gauge._name] = set()
    for family in (metric for gauge in metrics.gauges for metric in gauge()):
        found[family.name] = set().union(*(sample.labels for sample in family.samples))
    return found | {"dashtam_database_up": set()}


@pytest.mark.django_db
def test_every_query_parses_and_asks_for_metrics_and_labels_that_exist() -> None:
    Email.objects.create(to="ana@example.org", kind="address_known")
    Installation.objects.outgoing_paused()
    Installation.objects.update(backed_up_at=timezone.now())
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
        cursor.execute("INSERT INTO procrastinate_jobs (task_name, queue_name) VALUES ('some', 'sync')")
    there, asked = known(), set()
    for expression in expressions():
        found = selectors(expression)
        assert found, expression
        for selector in found:
            asked.add(selector.name)
            if selector.name in OF_THE_SCRAPER:
                continue
            assert selector.name in there, expression
            used = {matcher.name for matcher in selector.matchers.matchers}
            assert used <= there[selector.name] | LABELS_OF_THE_SCRAPER, expression
        grouped = {label for by in re.findall(r"\bby \(([^)]*)\)", expression) for label in by.split(", ")}
        allowed = set().union(*(there.get(selector.name, set()) for selector in found))
        assert grouped <= allowed | LABELS_OF_THE_SCRAPER, expression
    assert len(asked) > 25


def test_what_the_page_of_operations_lists_is_on_the_dashboard() -> None:
    shown = " ".join(expression for expression in expressions())
    table = OPERATIONS[OPERATIONS.index("## Metrics") :].partition("\n## ")[0]
    listed = {
        name for line in re.findall(r"^\|.*\|$", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    }
    assert len(listed) > 20
    assert [name for name in sorted(listed) if f"dashtam_{name}" not in shown] == []


def test_every_alert_says_what_is_wrong_and_where_it_says_what_to_do() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", OPERATIONS, re.MULTILINE)
    }
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page == "docs/operations.md"
        assert anchor == rule["alert"].lower()
        assert anchor in anchors


def test_panels_have_words_and_places_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells
        assert place["x"] + place["w"] <= 24
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"]
            assert all(target["legendFormat"] for target in panel["targets"])
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))


def test_what_is_exposed_can_be_read_by_prometheus() -> None:
    text = generate_latest(metrics.registry).decode()
    assert {family.name for family in text_string_to_metric_families(text)}
