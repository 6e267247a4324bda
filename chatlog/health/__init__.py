"""Health: the status, run file, heartbeat and metrics of a run."""
