"""Search: find the events of an archive that match a query, on all cores."""
