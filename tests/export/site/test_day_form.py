"""The page of a day as a form: what is filled in makes the page that the template makes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.export.site.day_form import DayForms, DayValues
from chatlog.export.site.settings import SiteChannel, SiteSettings
from chatlog.export.site.templates import OWN, Pages

DAYS = ("", "2026-11-21", "2026-12-24")
SITE = SiteSettings(url="https://logs.example.org/", contact="<ann> 2026-11-23", zone="UTC")


def channel(name):
    return SiteChannel("irc.example.org", name, "irc.example.org", "c")


def values(day="2026-11-23", previous="", following="", lines="<p>x</p>", said=1):
    return DayValues(
        path=f"net/c/{day}.html",
        day=day,
        start=f"{day}T00:00:00.000Z",
        end=f"{day}T24:00:00.000Z",
        said=said,
        previous=previous,
        following=following,
        lines=lines,
    )


def rendered(name, told):
    """Return the page that the template makes."""
    shown = {field: getattr(told, field) for field in DayValues.__struct_fields__}
    pages = Pages(None, site=SITE)
    return pages.render("day.html", root="../../", channel=channel(name), **shown)


@given(
    st.sampled_from(["#c", "#<day>", "#previous", "#2026-11-23", "#"]),
    st.lists(
        st.tuples(
            st.sampled_from(["2026-11-23", "2025-01-01"]),
            st.sampled_from(DAYS),
            st.sampled_from(DAYS),
            st.sampled_from(["", "<p>lines day start</p>", "{{ day }}"]),
            st.integers(0, 2000),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_form_that_is_filled_in_is_the_page_that_the_template_makes(name, days):
    forms = DayForms(Pages(None, site=SITE))
    for each in days:
        assert forms.page(channel(name), values(*each)) == rendered(name, values(*each))


@pytest.mark.parametrize("template", ["day.html", "base.html"])
def test_a_template_of_the_user_is_rendered_for_each_day(template, tmp_path):
    asking = "{% if day > '2026-11-23' %}late{% else %}early{% endif %}"
    (tmp_path / template).write_text((OWN / template).read_text().replace("<main", asking + "<main")
                                     if template == "base.html" else asking)  # fmt: skip
    forms = DayForms(Pages(tmp_path, site=SITE))
    assert b"early" in forms.page(channel("#c"), values("2026-11-23"))
    assert b"late" in forms.page(channel("#c"), values("2026-11-24"))
