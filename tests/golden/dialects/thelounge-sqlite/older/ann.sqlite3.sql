CREATE TABLE options (name TEXT, value TEXT, CONSTRAINT name_unique UNIQUE (name));
CREATE TABLE messages (network TEXT, channel TEXT, time INTEGER, type TEXT, msg TEXT);
CREATE INDEX network_channel ON messages (network, channel);
INSERT INTO messages VALUES
  ('8f2b', '#decks', 1495458642017, 'message', CAST('{"from":{"nick":"ann","mode":""},"text":"aye ⚓"}' AS BLOB)),
  ('8f2b', '#decks', 1495458643000, 'message', '{"from":{"nick":"ben","mode":""},"text":"sailor"}');
