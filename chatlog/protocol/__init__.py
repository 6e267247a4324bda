"""IRC without I/O and without a clock: bytes of a line in, events and replies out."""
