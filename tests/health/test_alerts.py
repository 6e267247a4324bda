"""The alert rules and the dashboard of contrib/: they ask for metrics that there are."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from chatlog.health.collector_metrics import prometheus_of_collector
from chatlog.health.metrics import prometheus
from tests.health.test_collector_metrics import COLLECTING
from tests.health.test_metrics import FULL

CONTRIB = Path(__file__).parents[2] / "contrib"
ALERTS = CONTRIB / "prometheus/alerts.yml"
DASHBOARD = CONTRIB / "grafana/chatlog.json"
PAGES = {"recorder": prometheus(FULL), "collector": prometheus_of_collector(COLLECTING)}
SERVED = set(re.findall(r"^# TYPE (\w+)", "".join(PAGES.values()), re.MULTILINE))


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


@pytest.fixture
def promtool(program):
    """Run promtool: its status and output."""

    def run(*arguments, **options):
        command = [program("promtool"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.server
def test_promtool_accepts_the_rules_and_each_finds_what_it_is_to_find(promtool):
    status, output = promtool("test", "rules", "alerts.test.yml", cwd=ALERTS.parent)
    assert status == 0, output
    status, output = promtool("check", "rules", ALERTS)
    assert status == 0, output


@pytest.mark.server
def test_promtool_accepts_each_expression_of_the_dashboard(promtool, tmp_path):
    rules = [{"record": f"dashboard:{n}", "expr": each} for n, each in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    status, output = promtool("check", "rules", file)
    assert status == 0, output


@pytest.mark.server
@pytest.mark.parametrize("page", PAGES)
def test_promtool_accepts_the_metrics(promtool, page):
    status, output = promtool("check", "metrics", input=PAGES[page])
    assert status == 0, output
