"""Alignment: which lines of two records of one conversation are the same line.

Pure. `history` compares the pages of a server's history with the lines around a gap.
`sequences` compares the whole records of two witnesses, and `clocks` how their clocks stand
to each other.
"""
