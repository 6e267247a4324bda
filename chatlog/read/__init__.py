"""Reading: segments of an archive into events."""
