"""Output: print events, tables, progress and messages."""
