"""Events as text: one module for each format, and a row in `table` for those to record in.

Pure: no file, no socket, no clock.
"""
