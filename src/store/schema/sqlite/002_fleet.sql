-- Which run of its worker has a session, what can be asked of a list, and events as the fleet's log has them.

ALTER TABLE sessions ADD COLUMN worker_epoch TEXT NOT NULL DEFAULT '';

CREATE INDEX sessions_by_end_reason ON sessions (owner, end_reason, created_at DESC, id DESC)
  WHERE end_reason IS NOT NULL;
CREATE INDEX sessions_by_worker ON sessions (owner, worker, created_at DESC, id DESC)
  WHERE worker IS NOT NULL;
-- The few that are open, for who looks for runs of workers that are gone, and those that wait.
CREATE INDEX sessions_open_runs ON sessions (worker, worker_epoch)
  WHERE status IN ('starting', 'running');
CREATE INDEX sessions_waiting ON sessions (created_at) WHERE status = 'queued';

-- The metadata of each session, in the order of a list's pages. It never changes after the create.
CREATE TABLE session_tags (
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  PRIMARY KEY (owner, name, value, created_at, session_id)
) WITHOUT ROWID;
CREATE INDEX session_tags_by_session ON session_tags (session_id);
INSERT INTO session_tags (owner, name, value, created_at, session_id)
  SELECT owner, tag.key, tag.value, created_at, sessions.id
  FROM sessions, json_each(sessions.options, '$.metadata') AS tag;
CREATE TRIGGER sessions_tagged AFTER INSERT ON sessions BEGIN
  INSERT INTO session_tags (owner, name, value, created_at, session_id)
    SELECT new.owner, tag.key, tag.value, new.created_at, new.id
    FROM json_each(new.options, '$.metadata') AS tag;
END;

-- Each step of a session once, and each under the number its process gave it.
ALTER TABLE session_events RENAME TO session_steps;
CREATE TABLE session_events (
  epoch TEXT NOT NULL,             -- of the process that wrote it, random at its start
  seq INTEGER NOT NULL,            -- its number in that process
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  PRIMARY KEY (epoch, seq),
  UNIQUE (session_id, status)
) WITHOUT ROWID;
INSERT INTO session_events (epoch, seq, session_id, at, status, reason)
  SELECT '', row_number() OVER (ORDER BY at, session_id, seq), session_id, at, status, reason
  FROM session_steps;
DROP TABLE session_steps;
