"""The style sheet: every colour of a text can be read in both schemes."""

from __future__ import annotations

import colorsys
import re

import pytest

from chatlog.export.site.talk_lines import COLORS
from chatlog.export.site.templates import ASSETS, OWN

STYLE = (ASSETS / "style.css").read_text(encoding="utf-8")
ENOUGH = 4.5
"""The contrast that WCAG 2.2 asks of texts, https://www.w3.org/TR/WCAG22/#contrast-minimum"""


def variables(selector):
    """Return the variables that a rule of the style sheet sets."""
    body = STYLE[STYLE.index(selector) + len(selector) :].partition("}")[0]
    return dict(re.findall(r"--(\w+): ([^;]+);", body))


LIGHT = variables(":root {")
DARK = {**LIGHT, **variables(':root[data-scheme="dark"] {')}
SCHEMES = {"light": LIGHT, "dark": DARK}


def color_of(selector, scheme):
    """Return the colour of a class as red, green and blue, each 0 to 1."""
    for names, value in re.findall(r"^ ?((?:\.\w+,?)+) \{ color: ([^;]+); \}", RULES, re.MULTILINE):
        if selector in names.split(","):
            return color(value, scheme)
    raise AssertionError(selector)


RULES = STYLE.replace("} .", "}\n.")


def color(value, scheme):
    value = re.sub(r"var\(--(\w+)\)", lambda match: scheme[match[1]], value)
    if value.startswith("#"):
        digits = value[1:] if len(value) == 7 else "".join(2 * each for each in value[1:])
        return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    hue, saturation, light, *less = map(float, re.findall(r"(?<!\w)\d+", value))
    return colorsys.hls_to_rgb(hue / 360, (light - sum(less)) / 100, saturation / 100)


def luminance(rgb):
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paper", ["paper", "mark"])
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_nicks_and_formatting_and_quiet_texts_can_be_read(scheme, paper):
    behind = color(scheme[paper], scheme)
    texts = {f".n{number}": color_of(f".n{number}", scheme) for number in range(COLORS)}
    texts |= {f".c{number}": color_of(f".c{number}", scheme) for number in range(16)}
    texts |= {name: color(scheme[name], scheme) for name in ("ink", "quiet", "link")}
    faint = {name: contrast(each, behind) for name, each in texts.items()}
    assert {name: value for name, value in faint.items() if value < ENOUGH} == {}


def test_black_on_white_has_the_contrast_that_the_specification_says():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast(color("#777", LIGHT), (1, 1, 1)) == pytest.approx(4.478, abs=0.001)


def test_both_ways_to_the_dark_scheme_set_the_same_colours():
    by_system = variables(':root:not([data-scheme="light"]) {')
    assert by_system == variables(':root[data-scheme="dark"] {')


def test_no_template_has_a_style_a_script_or_an_event_of_its_own():
    for path in OWN.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|<style|<script(?! src=)|\son\w+=", text), path.name
