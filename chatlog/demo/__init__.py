"""An IRC server on loopback, and a few people who talk there: the whole thing, offline."""
