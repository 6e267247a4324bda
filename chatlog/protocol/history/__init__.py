"""CHATHISTORY and bouncer playback: requests to send, and pages of history that arrive."""
