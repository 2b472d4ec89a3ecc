"""Alerts and dashboard: Prometheus takes them, the guide tells them, and every metric they name is one of ours."""
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "deploy/grafana/alerts.yml"
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text(encoding="utf-8"))
VARIABLES = {"$__rate_interval": "5m", "$gateway_job": "g", "$worker_job": "w", "$instance": ".*"}


def rules():
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def metrics():
    """{name: kind} of the program, and of Prometheus itself."""
    source = (ROOT / "src/base/metrics.cc").read_text(encoding="utf-8")
    return {**dict((name, kind) for kind, name in re.findall(r'{Kind::k(\w+), "(\w+)"', source)), "up": "Gauge"}


def panels():
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions():
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + shown


def named_metrics(expression):
    outside_of_text = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b(?:pbaas|process)_\w+|\bup\b", outside_of_text))


def promtool(*words, **more):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed: scripts/setup test installs it")
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_alerts():
    promtool("check", "rules", "--lint=all", "--lint-fatal", ALERTS)


def test_alerts_fire_when_they_should_and_not_before():
    promtool("test", "rules", ROOT / "tests/deploy/alerts_test.yml")


def test_the_alerts_are_those_of_the_guide():
    guide = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = guide.split("| alert | expression | for |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])] for line in table]
    told = [(expression.strip("`").replace("\\|", "|"), lasting) for _, expression, lasting in cells]
    assert [(rule["expr"], rule.get("for", "")) for rule in rules()] == told


def test_every_alert_says_what_to_do():
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "warning"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_metrics_that_there_are(expression):
    known = metrics()
    named = named_metrics(expression)
    assert named, "it asks for none of ours"
    for name in named:
        plain = re.sub(r"_(bucket|count|sum)$", "", name)
        assert known.get(name) or known.get(plain) == "Histogram", name
        if known.get(name) == "Counter":
            assert re.search(rf"(rate|increase)\({name}\b", expression), f"{name} only grows: ask for its rate"


def test_prometheus_takes_every_expression_of_the_dashboard(tmp_path):
    asked = []
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            assert "$" not in expression, expression
            asked.append({"record": "asked", "expr": expression, "labels": {"number": str(len(asked))}})
    (tmp_path / "asked.yml").write_text(json.dumps({"groups": [{"name": "asked", "rules": asked}]}), encoding="utf-8")
    promtool("check", "rules", tmp_path / "asked.yml")


def test_every_metric_is_on_the_dashboard():
    shown = {re.sub(r"_bucket$", "", name) for panel in panels() for target in panel["targets"]
             for name in named_metrics(target["expr"])}
    assert set(metrics()) - {"up"} == shown


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
