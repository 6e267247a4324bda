"""Queries on an archive: predicates on events, and the query language.

Pure. `predicates` says what an event must be, `language` reads one line of
text into that, `clues` says what a line of a file must hold so that its event
can match, `following` follows people through their nicks.
"""
