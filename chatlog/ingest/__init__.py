"""Other programs' logs into an archive: found, decoded, staged as a witness, and merged."""
