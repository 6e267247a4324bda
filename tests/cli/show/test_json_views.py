"""Findings as records of JSON: the place that a path belongs to."""

from __future__ import annotations

import pytest

from chatlog.cli.show.json_views import inspection_records
from chatlog.upkeep.findings import Checked, Finding
from chatlog.upkeep.inspection import Inspection


@pytest.mark.parametrize(
    ("path", "network", "target"),
    [
        ("FORMAT", None, None),
        (".runs/x.json", None, None),
        ("net", "net", None),
        ("net/network.json", "net", None),
        ("net/#%C3%BC%2F", "net", "#ü/"),
        ("net/#%C3%BC%2F/MANIFEST", "net", "#ü/"),
    ],
)
def test_a_finding_names_the_network_and_the_target_of_its_path(tmp_path, path, network, target):
    (tmp_path / "net" / "#%C3%BC%2F").mkdir(parents=True)
    inspection = Inspection([Finding(path, 0, "odd")], Checked())
    found, _ = inspection_records(tmp_path, inspection)
    assert (found.path, found.network, found.target, found.line) == (path, network, target, None)
