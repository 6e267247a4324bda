"""The alert rules and the dashboard of contrib/: they ask for metrics that there are."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from chatlog.health.metrics import prometheus
from tests.health.test_metrics import FULL

CONTRIB = Path(__file__).parents[2] / "contrib"
ALERTS = CONTRIB / "prometheus/alerts.yml"
DASHBOARD = CONTRIB / "grafana/chatlog.json"
SERVED = set(re.findall(r"^# TYPE (\w+)", prometheus(FULL), re.MULTILINE))


def expressions():
    """Return each PromQL expression of the dashboard, with values in place of its variables."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [re.sub(r"\$(instance|network)\b", ".*", each) for each in found]


@pytest.mark.parametrize("path", [ALERTS, DASHBOARD], ids=lambda path: path.name)
def test_each_metric_that_is_asked_for_is_one_that_is_served(path):
    text = re.sub(r"chatlog gaps|chatlog\.json", "", path.read_text())
    assert set(re.findall(r"\bchatlog_\w+", text)) <= SERVED


def test_every_document_that_an_alert_names_exists():
    for name in re.findall(r"docs/[a-z-]+\.md", ALERTS.read_text()):
        assert (CONTRIB.parent / name).exists()


def promtool(*arguments, **options):
    return subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


@pytest.mark.server
def test_promtool_accepts_the_rules_and_each_finds_what_it_is_to_find():
    done = promtool("test", "rules", "alerts.test.yml", cwd=ALERTS.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    done = promtool("check", "rules", ALERTS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.server
def test_promtool_accepts_each_expression_of_the_dashboard(tmp_path):
    rules = [{"record": f"dashboard:{n}", "expr": each} for n, each in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.server
def test_promtool_accepts_the_metrics():
    done = promtool("check", "metrics", input=prometheus(FULL))
    assert done.returncode == 0, done.stdout + done.stderr
