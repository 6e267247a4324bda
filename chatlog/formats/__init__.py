"""Events as text: one module for each format.

Pure: no file, no socket, no clock. To add a format in which transcripts are
recorded, write its module here and its row in `archive.storage`.
"""
