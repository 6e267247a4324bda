"""An archive or a query as files in other formats.

To add a format, write its encoder in a module of its own and add a row to
`table.EXPORTERS`. Nothing else asks which format it has before it.
"""
