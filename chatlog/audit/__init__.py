"""Audit: compare the server's history with the transcript."""
