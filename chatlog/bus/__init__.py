"""Lines of an archive to NATS JetStream, and from there into one archive of many recorders."""
