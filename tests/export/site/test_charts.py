"""Charts: bars with labels that can be read."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.export.site.charts import bars
from chatlog.export.site.templates import ASSETS

LETTER = 6.6
READABLE = 9


@given(st.integers(0, 600), st.sampled_from(["00", "2026-11", "<&>"]))
def test_labels_lie_inside_the_chart_and_beside_each_other(count, label):
    chart = ET.fromstring(bars(range(count), [label] * count, 'a "title"'))
    _, _, width, _ = map(int, chart.attrib["viewBox"].split())
    places = [float(each.attrib["x"]) for each in chart.iter("text")]
    reach = LETTER * len(label) / 2
    ends = [float(each.attrib["x"]) + float(each.attrib["width"]) for each in chart.iter("rect")]
    assert len(ends) == count
    assert all(end <= width for end in ends)
    assert bool(places) == bool(count)
    assert all(reach <= at <= width - reach for at in places)
    assert all(after - before >= 2 * reach for before, after in pairwise(places))


def test_labels_can_be_read_on_a_phone():
    style = (ASSETS / "style.css").read_text()
    size = int(re.search(r"\.chart text {[^}]*font-size: (\d+)px", style)[1])
    for count in (1, 24, 240):
        chart = ET.fromstring(bars(range(count), ["2026-11"] * count, "title"))
        _, _, width, _ = map(int, chart.attrib["viewBox"].split())
        assert size * (360 - 2 * 16) / width >= READABLE


def test_the_highest_bar_has_the_whole_height_and_each_bar_says_its_number():
    chart = bars([0, 1500, 3000], ["a", "b", "c"], "Lines")
    assert re.findall(r'height="(\d+)"', chart) == ["0", "60", "120"]
    assert re.findall("<title>(.*?)</title>", chart) == ["a: 0", "b: 1,500", "c: 3,000"]


@pytest.mark.parametrize("values", [[], [0], [0, 0]])
def test_a_chart_of_nothing_is_a_chart(values):
    assert ET.fromstring(bars(values, ["x"] * len(values), "t")).tag == "svg"
