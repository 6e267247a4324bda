CREATE TABLE quasseluser (userid INTEGER NOT NULL PRIMARY KEY, username TEXT UNIQUE NOT NULL);
CREATE TABLE sender (senderid INTEGER NOT NULL PRIMARY KEY, sender TEXT NOT NULL);
CREATE TABLE network (networkid INTEGER NOT NULL PRIMARY KEY, userid INTEGER NOT NULL, networkname TEXT NOT NULL);
CREATE TABLE buffer (bufferid INTEGER NOT NULL PRIMARY KEY, userid INTEGER NOT NULL, networkid INTEGER NOT NULL, buffername TEXT NOT NULL, buffercname TEXT NOT NULL, buffertype INTEGER NOT NULL DEFAULT 0);
CREATE TABLE backlog (messageid INTEGER NOT NULL PRIMARY KEY, time INTEGER NOT NULL, bufferid INTEGER NOT NULL, type INTEGER NOT NULL, flags INTEGER NOT NULL, senderid INTEGER NOT NULL, senderprefixes TEXT, message TEXT);
INSERT INTO quasseluser VALUES
  (1, 'ann');
INSERT INTO sender VALUES
  (1, ''),
  (2, ''),
  (3, 'irc.yard.example'),
  (4, 'ann!~a@oars.example'),
  (5, ''),
  (6, 'ben!b@2001:db8::1'),
  (7, 'ben!b@h.example'),
  (8, 'eve!e@e.example'),
  (9, 'ann!~a@oars.example'),
  (10, 'irc.yard.example'),
  (11, 'ann'),
  (12, ''),
  (13, 'benny!b@h.example'),
  (14, 'dan!d@d.example');
INSERT INTO network VALUES
  (1, 1, 'Yard Net');
INSERT INTO buffer VALUES
  (1, 1, 1, '', '', 1),
  (2, 1, 1, '#Decks', '#decks', 2),
  (3, 1, 1, 'ben', 'ben', 4);
INSERT INTO backlog VALUES
  (1, 1795753089917, 1, 1024, 0, 1, NULL, 'Connecting to 127.0.0.1:6799...'),
  (2, 1795753089965, 1, 1024, 0, 1, NULL, 'Requesting capability list...'),
  (3, 1795753089994, 1, 1024, 0, 1, NULL, 'No capabilities available'),
  (4, 1795753089994, 1, 1024, 0, 3, NULL, 'Welcome ann'),
  (5, 1795753089994, 1, 4096, 0, 3, NULL, 'Received non-RFC-compliant RPL_ISUPPORT: this can lead to unexpected behavior!'),
  (6, 1795753089994, 1, 1024, 0, 3, NULL, 'CHANTYPES=# PREFIX=(ov)@+ CHANMODES=beI,k,l,imnpst NETWORK=Yard are supported'),
  (7, 1795753090034, 2, 32, 1, 4, '@', '#Decks'),
  (8, 1795753090034, 2, 16384, 0, 1, NULL, 'Topic for #Decks is "varnish"'),
  (9, 1795753090037, 2, 16384, 0, 1, NULL, 'Topic set by ben!b@x on 2026-11-23 18:20:00 UTC'),
  (10, 1795753091034, 2, 1, 2, 6, NULL, '*** ann has quit (really) ' || char(2) || 'bold' || char(2) || ''),
  (11, 1795753091079, 2, 4, 0, 7, NULL, 'waves'),
  (12, 1795753091080, 2, 2, 0, 7, NULL, 'hear ye'),
  (13, 1795753091080, 3, 1, 0, 7, NULL, 'psst'),
  (14, 1795753091080, 2, 1, 16, 7, NULL, 'ops only'),
  (15, 1795753091080, 2, 32, 0, 8, NULL, '#Decks'),
  (16, 1795753091080, 2, 8, 0, 7, NULL, 'benny'),
  (17, 1795753091080, 2, 16, 0, 4, '@', '#Decks +ov benny cat'),
  (18, 1795753091080, 2, 16, 0, 3, NULL, '#Decks +nt'),
  (19, 1795753091080, 1, 16, 1, 11, NULL, 'ann +i'),
  (20, 1795753091090, 2, 16384, 0, 1, NULL, 'benny has changed topic for #Decks to: "to "sand" or not"'),
  (21, 1795753091090, 2, 16384, 0, 1, NULL, 'benny has changed topic for #Decks to: ""'),
  (22, 1795753091090, 2, 256, 0, 13, '@', 'mallory go (away) now'),
  (23, 1795753091090, 1, 131072, 0, 1, NULL, 'benny invited you to channel #oars'),
  (24, 1795753091090, 2, 64, 0, 8, NULL, 'tea (green)'),
  (25, 1795753091090, 2, 128, 0, 14, NULL, 'gone fishing'),
  (26, 1795753091090, 2, 1, 0, 13, '@', 'café â' || char(152) || '' || char(149) || ''),
  (27, 1795753091091, 1, 1024, 0, 1, NULL, 'Received CTCP-VERSION request by benny!b@h.example'),
  (28, 1795753091091, 1, 2, 4, 3, NULL, 'your host'),
  (29, 1795753091091, 1, 2, 4, 3, NULL, 'Looking up'),
  (30, 1795753091091, 1, 4096, 4, 3, NULL, 'nobody: No such nick'),
  (31, 1795753094038, 2, 32768, 0, 1, NULL, 'cat!c@c.example#:#a.yard.example b.yard.example'),
  (32, 1795753096038, 2, 256, 0, 13, NULL, 'ann bye'),
  (33, 1795753108049, 1, 4096, 0, 1, NULL, 'Connection failure: The remote host closed the connection');
