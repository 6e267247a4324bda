"""The files of an archive: layout, segments, locks, manifests, compression."""
