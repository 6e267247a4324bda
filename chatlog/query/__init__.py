"""What somebody looks for in an archive: predicates on events, and the language for them.

Pure. `predicates` says what an event must be, `language` reads one line of
text into that, `clues` says what a line of a file must hold so that its event
can match, `following` follows people through their nicks.
"""
