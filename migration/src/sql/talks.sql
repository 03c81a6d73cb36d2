-- Where a conversation was forked from: notes, not references, for a fork outlives what it was copied from.
ALTER TABLE conversations
  ADD COLUMN forked_from_id text CHECK (char_length(forked_from_id) BETWEEN 1 AND 64),
  ADD COLUMN forked_at_id text CHECK (char_length(forked_at_id) BETWEEN 1 AND 64),
  ADD CONSTRAINT conversations_forked_check CHECK ((forked_from_id IS NULL) = (forked_at_id IS NULL)),
  ADD CONSTRAINT conversations_user_key UNIQUE (organization_id, id, user_id);

GRANT UPDATE (forked_from_id, forked_at_id) ON conversations TO agentry_app;

-- Which words a conversation says, each once, between spaces: one row a conversation, a fraction of the size of what was said. It is
-- read, not searched by an index: equality of ids leads to the rows of one person, who may then be asked with anything, where LIKE, full
-- text and jsonb would need an index that row security does not let them use. What was said after `indexed_until`, or in a conversation
-- without a row here, is found by reading it: the index is never behind what is found, and nothing has to be filled in for messages of old.
CREATE TABLE conversation_words (
  organization_id text NOT NULL,
  conversation_id text NOT NULL,
  user_id text NOT NULL,
  words text COLLATE "C" NOT NULL,
  indexed_until timestamptz NOT NULL,
  -- It says more different words than are kept: it is always read.
  is_partial boolean NOT NULL DEFAULT false,
  PRIMARY KEY (organization_id, conversation_id),
  CONSTRAINT conversation_words_conversation_fkey FOREIGN KEY (organization_id, conversation_id, user_id)
    REFERENCES conversations (organization_id, id, user_id) ON DELETE CASCADE ON UPDATE CASCADE
);
-- Taken as it lies: taking it apart for each search costs three times what looking through it does.
ALTER TABLE conversation_words ALTER COLUMN words SET STORAGE EXTERNAL;
CREATE POLICY conversation_words_select ON conversation_words FOR SELECT TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY conversation_words_insert ON conversation_words FOR INSERT TO agentry_app
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
CREATE POLICY conversation_words_update ON conversation_words FOR UPDATE TO agentry_app
  USING (organization_id = app_current_org() AND user_id = app_current_user())
  WITH CHECK (organization_id = app_current_org() AND user_id = app_current_user());
GRANT SELECT, INSERT, UPDATE (words, indexed_until, is_partial) ON conversation_words TO agentry_app;
