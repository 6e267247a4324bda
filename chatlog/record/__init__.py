"""Recording: keep networks connected, and write their events into the archive."""
