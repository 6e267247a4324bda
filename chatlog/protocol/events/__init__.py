"""The events of each command of the server: one row of a table each."""
