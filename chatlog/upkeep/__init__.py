"""Upkeep: seal, merge, remove, verify and mend the segments of an archive."""
