"""Fetching history: close the gaps of each channel after it was joined."""
