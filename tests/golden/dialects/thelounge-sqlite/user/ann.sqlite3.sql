CREATE TABLE options (name TEXT, value TEXT, CONSTRAINT name_unique UNIQUE (name));
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, network TEXT, channel TEXT, time INTEGER, type TEXT, msg TEXT, msgid TEXT);
INSERT INTO options VALUES ('schema_version', '1784073600000');
INSERT INTO messages (network, channel, time, type, msg, msgid) VALUES
  ('8f2b', '#decks', 1795458642017, 'join', '{"from":{"nick":"ann","mode":""},"hostmask":"~a@oars.example","gecos":"Ann","account":"annie","self":false}', 'j1'),
  ('8f2b', '#decks', 1795458643000, 'message', '{"from":{"nick":"ann","mode":"@"},"text":"two coats, *** ben quit","self":false,"highlight":false,"users":[]}', 'm1'),
  ('8f2b', '#decks', 1795458644000, 'action', '{"from":{"nick":"ben","mode":""},"text":"waves","self":true}', NULL),
  ('8f2b', '#decks', 1795458645000, 'notice', '{"from":{"nick":"ben","mode":""},"text":"hear ye"}', NULL),
  ('8f2b', '#decks', 1795458646000, 'mode', '{"from":{"nick":"ann","mode":"@"},"text":"+o ben"}', NULL),
  ('8f2b', '#decks', 1795458647000, 'kick', '{"from":{"nick":"ann","mode":"@"},"target":{"nick":"mallory","mode":""},"text":"enough"}', NULL),
  ('8f2b', '#decks', 1795458648000, 'nick', '{"from":{"nick":"ben","mode":""},"new_nick":"benny"}', NULL),
  ('8f2b', '#decks', 1795458649000, 'chghost', '{"from":{"nick":"benny","mode":""},"new_ident":"b","new_host":"new.example"}', NULL),
  ('8f2b', '#decks', 1795458650000, 'topic', '{"from":{"nick":"ann","mode":"@"},"text":"sand"}', NULL),
  ('8f2b', '#decks', 1795458651000, 'topic_set_by', '{"from":{"nick":"ann","mode":"@"},"nick":"ann","when":"2026-11-23T00:00:00.000Z"}', NULL),
  ('8f2b', '#decks', 1795458652000, 'part', '{"from":{"nick":"benny","mode":""},"hostmask":"b@new.example","text":"tea"}', NULL),
  ('8f2b', 'cat', 1795458653000, 'message', '{"from":{"nick":"cat","mode":""},"text":"psst"}', NULL),
  ('8f2b', '#decks', 1795458654000, 'quit', '{"from":{"nick":"ann","mode":""},"hostmask":"~a@oars.example","text":""}', NULL);
