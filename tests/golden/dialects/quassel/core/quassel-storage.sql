CREATE TABLE quasseluser (userid INTEGER NOT NULL PRIMARY KEY, username TEXT UNIQUE NOT NULL, password TEXT NOT NULL);
CREATE TABLE sender (senderid INTEGER NOT NULL PRIMARY KEY, sender TEXT NOT NULL, realname TEXT, avatarurl TEXT);
CREATE TABLE network (networkid INTEGER NOT NULL PRIMARY KEY, userid INTEGER NOT NULL, networkname TEXT NOT NULL);
CREATE TABLE buffer (bufferid INTEGER NOT NULL PRIMARY KEY, userid INTEGER NOT NULL, networkid INTEGER NOT NULL, buffername TEXT NOT NULL, buffercname TEXT NOT NULL, buffertype INTEGER NOT NULL DEFAULT 0);
CREATE TABLE backlog (messageid INTEGER NOT NULL PRIMARY KEY, time INTEGER NOT NULL, bufferid INTEGER NOT NULL, type INTEGER NOT NULL, flags INTEGER NOT NULL, senderid INTEGER NOT NULL, senderprefixes TEXT, message TEXT);
INSERT INTO quasseluser VALUES (1, 'ann', ''), (2, 'ben', '');
INSERT INTO sender VALUES (1, 'ann!~a@oars.example', NULL, NULL), (2, 'ben!b@2001:db8::1', NULL, NULL), (3, 'irc.yard.example', NULL, NULL), (4, 'ben', NULL, NULL);
INSERT INTO network VALUES (1, 1, 'Yard Net'), (2, 2, 'Yard Net');
INSERT INTO buffer VALUES (1, 1, 1, '', '', 1), (2, 1, 1, '#Decks', '#decks', 2), (3, 1, 1, 'ben', 'ben', 4), (4, 2, 2, '#Decks', '#decks', 2);
INSERT INTO backlog VALUES
  (1, 1795458642, 2, 32, 1, 1, '', '#Decks'),
  (2, 1795458643123, 2, 1, 0, 2, '@', '*** ann has quit (really) ' || char(2) || 'bold' || char(2)),
  (3, 1795458644123, 2, 2, 0, 2, '', 'a notice'),
  (4, 1795458645123, 2, 4, 1, 1, '', 'waves'),
  (5, 1795458646123, 2, 8, 0, 2, '', 'benny'),
  (6, 1795458647123, 2, 16, 0, 1, '', '#Decks +ov ben cat'),
  (7, 1795458648123, 1, 16, 1, 1, '', 'ann +i'),
  (8, 1795458649123, 2, 256, 0, 1, '', 'mallory go (away) now'),
  (9, 1795458650123, 2, 16384, 0, 3, '', 'ann has changed topic for #Decks to: "to "sand" or not"'),
  (10, 1795458651123, 2, 16384, 0, 3, '', 'Topic for #Decks is "varnish"'),
  (11, 1795458652123, 2, 65536, 0, 3, '', 'ben!b@2001:db8::1#:#cat!c@oars.example#:#a.yard.example b.yard.example'),
  (12, 1795458653123, 2, 32768, 0, 3, '', 'cat!c@oars.example#:#a.yard.example b.yard.example'),
  (13, 1795458654123, 2, 131072, 0, 2, '', 'ben invited you to channel #oars'),
  (14, 1795458655123, 2, 8192, 0, 3, '', '{Day changed}'),
  (15, 1795458656123, 3, 1, 0, 2, '', 'psst'),
  (16, 1795458657123, 1, 2, 0, 3, '', 'your host is irc.yard.example'),
  (17, 1795458658123, 2, 64, 0, 2, '', 'tea'),
  (18, 1795458659123, 2, 128, 0, 4, '', NULL),
  (19, 1795458660123, 2, 16384, 0, 3, '', 'ann hat das Thema von #Decks gesetzt'),
  (20, 1795458661123, 4, 1, 0, 1, '', 'the other witness'),
  (21, 1795458662123, 2, 1024, 0, 3, '', 'There are 3 users');
