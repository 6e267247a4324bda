"""Texts made from the table of settings: the tables of the document, and the commented example.

The texts are files of the project; `CHATLOG_WRITE_SETTINGS=1` writes them anew
where a test holds them against the table.
"""

from __future__ import annotations

import json
import re
import textwrap

from chatlog.settings.kinds import Choice, Count, Flag, Several
from chatlog.settings.setting import Scope, Section, variable
from chatlog.settings.table import of_scope, of_sections

_BLOCK = re.compile(r"(<!-- settings: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEADER = "| key | default | option, variable | meaning |\n|---|---|---|---|\n"
_SECRET = '"…"'


def toml_of(setting):
    """Spell the default of a setting in TOML, "" if it has none."""
    kind, default = setting.kind, setting.default
    if default is None:
        return ""
    if isinstance(kind, Several):
        return f"[{', '.join(quoted(kind.item.spell(each)) for each in default)}]"
    return kind.spell(default) if isinstance(kind, Count | Flag) else quoted(kind.spell(default))


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


# -- the document ------------------------------------------------------------------


def with_tables(document):
    """Return a document with each of its blocks made anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{table(Section(block[2]))}{block[3]}", document)


def table(section):
    """Return the table of a section, in Markdown."""
    return _HEADER + "".join(
        "|".join(["", *(f" {cell} " if cell else " " for cell in cells), "\n"])
        for setting in of_sections(section)
        for cells in rows(setting)
    )


def rows(setting):
    """Yield the cells of a setting, and of the file that may hold a secret."""
    default = toml_of(setting)
    typed = [f"`--{setting.option_name}`"] if setting.option else []
    if isinstance(setting.kind, Flag) and setting.kind.negatable:
        typed += [f"`--no-{setting.option_name}`"]
    if setting.option and (setting.env or setting.is_secret):
        typed += [f"`{variable(setting.option_name)}`"]
    key, default = f"`{setting.name}`", f"`{default}`" if default else ""
    if not setting.is_secret:
        yield key, default, ", ".join(typed), meaning(setting)
        return
    yield key, default, f"`{variable(setting.name)}`" if setting.option else "", meaning(setting)
    yield f"`{setting.name}-file`", "", ", ".join(typed), f"File with {key} in its first line."


def meaning(setting):
    return f"{sentences(setting)} {setting.note}".strip()


def sentences(setting):
    """Return the help of a setting, its choices, and the effect of leaving it out."""
    item = setting.kind.item if isinstance(setting.kind, Several) else setting.kind
    among = "One of" if item is setting.kind else "Any of"
    choices = f"{among} {', '.join(item.words)}." if isinstance(item, Choice) else ""
    by_default = f"Default: {setting.unset}." if setting.unset else ""
    return " ".join(filter(None, (setting.help, choices, by_default)))


# -- the commented example ---------------------------------------------------------

_HEAD = """\
# The networks that chatlog records, and how. Check it after every change, by
# `chatlog config check`.
#
# A line that begins with # has no effect. The settings in such lines show the
# default, or an example if there is none. docs/configuration.md lists them all.
# Durations: "90s", "55m", "1h30m", "7d", or a number of seconds. Sizes: "500K",
# "10M". Paths are relative to the directory of this file.
#
# Keep each secret in a file of its own: password-file and its like name a file
# whose first line is the secret. Let nobody else read it.
"""
_NETWORK = """\
[networks.libera]
# {preset.help}
preset = {preset.example}

# {channels.help}
channels = [
  "#python",
  # {{name = "#secret", key-file = "team.key"}},  # a key to join with
  # {{name = "#other", key = "…"}},
  # {{name = "#quiet", nolog = true}},  # join and record nothing
]
"""
_LAST = """\
# [networks.work]
# {servers.help}
# servers = {servers.example}
# channels = ["#team"]
"""
_OF_ALL = (Section.IDENTITY, Section.CONNECTION, Section.RECORDING, Section.MANNERS)


def example():
    """Return the commented example of a configuration."""
    own = {each.name: each for each in of_sections(Section.NETWORK)}
    return "\n".join(
        (
            _HEAD,
            *shown(of_scope(Scope.RUN)),
            "[storage]",
            *in_sections(Section.TRANSCRIPTS, Section.DISK, Section.RETENTION),
            "# Settings of all networks. Each network may have its own.\n[defaults]",
            *in_sections(*_OF_ALL),
            _NETWORK.format(**own),
            *shown(each for each in own.values() if each.shared),
            *in_sections(Section.LOGIN),
            _LAST.format(**own),
        )
    )


def in_sections(*sections):
    """Yield the settings of sections, each section under its heading."""
    for section in sections:
        yield f"# -- {section} --\n"
        yield from shown(of_sections(section))


def shown(settings):
    """Yield each setting as a comment: its help, and its key with a value."""
    for setting in settings:
        lines = textwrap.wrap(sentences(setting), 86)
        if setting.is_secret:
            lines += [f"{setting.name} = {_SECRET}", f"{setting.name}-file = {setting.example}"]
        else:
            lines += [f"{setting.name} = {setting.example or toml_of(setting)}"]
        yield "".join(f"# {line}\n" for line in lines)
