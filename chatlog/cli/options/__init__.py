"""Options: parse command-line input into settings and queries."""
