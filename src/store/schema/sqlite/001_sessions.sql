-- The session log. Times are milliseconds since 1970 UTC. Words are the API's.

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('queued', 'starting', 'running', 'ended')),
  options TEXT NOT NULL,           -- JSON, with the metadata, as the API shows it
  worker TEXT,
  debug_port INTEGER,
  browser_guid TEXT,
  end_reason TEXT,
  end_detail TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  expires_at INTEGER,
  connections INTEGER NOT NULL DEFAULT 0,
  messages_up INTEGER NOT NULL DEFAULT 0,
  messages_down INTEGER NOT NULL DEFAULT 0,
  bytes_up INTEGER NOT NULL DEFAULT 0,
  bytes_down INTEGER NOT NULL DEFAULT 0,
  idempotency_key TEXT,
  request_hash TEXT,
  CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
  CHECK ((status = 'ended') = (end_reason IS NOT NULL))
) WITHOUT ROWID;

-- A page of an owner's sessions, newest first, with and without a status.
CREATE INDEX sessions_by_age ON sessions (owner, created_at DESC, id DESC);
CREATE INDEX sessions_by_status ON sessions (owner, status, created_at DESC, id DESC);
-- The few that are open, for the start of a process.
CREATE INDEX sessions_open ON sessions (id) WHERE status <> 'ended';
CREATE UNIQUE INDEX sessions_by_key ON sessions (owner, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- What happened to each session, append-only: each step that has a time, once.
CREATE TABLE session_events (
  session_id TEXT NOT NULL REFERENCES sessions (id),
  seq INTEGER NOT NULL,            -- the rank of the status: 0 queued, 2 running, 3 ended
  at INTEGER NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  PRIMARY KEY (session_id, seq)
) WITHOUT ROWID;
