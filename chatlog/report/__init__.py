"""Reports on an archive: counts, people, presence, hours."""
