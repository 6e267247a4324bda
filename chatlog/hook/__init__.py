"""A command that is run for events: its process, its input, and its retries."""
