"""Writing: events into segments of an archive."""
