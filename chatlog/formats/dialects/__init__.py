"""Dialects: how other programs write their logs, one file and one row each.

To add one, write its table in a module of its own and add a row to `DIALECTS`.
docs/importing.md lists them, each with how it is proven.
"""
