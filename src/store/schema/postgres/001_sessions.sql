-- The session log. Words are the API's. Times are milliseconds since 1970 UTC, as in the program and in a page's
-- cursor, so that nothing is rounded between them; to_timestamp(created_at / 1000.0) shows one to people. Text that is
-- an index's key compares by its bytes, which is quicker and never changes with the system's locales.

CREATE TABLE sessions (
  id TEXT COLLATE "C" PRIMARY KEY,
  owner TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL CHECK (status IN ('queued', 'starting', 'running', 'ended')),
  options JSONB NOT NULL,          -- with the metadata, as the API shows it
  worker TEXT COLLATE "C",
  worker_epoch TEXT COLLATE "C" NOT NULL DEFAULT '',  -- which run of the worker
  debug_port INTEGER,
  browser_guid TEXT,
  end_reason TEXT COLLATE "C",
  end_detail TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  started_at BIGINT,
  ended_at BIGINT,
  expires_at BIGINT,
  connections INTEGER NOT NULL DEFAULT 0,
  messages_up BIGINT NOT NULL DEFAULT 0,
  messages_down BIGINT NOT NULL DEFAULT 0,
  bytes_up BIGINT NOT NULL DEFAULT 0,
  bytes_down BIGINT NOT NULL DEFAULT 0,
  idempotency_key TEXT COLLATE "C",
  request_hash TEXT,
  CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
  CHECK ((status = 'ended') = (end_reason IS NOT NULL))
);

-- A page of an owner's sessions, newest first, by each of what it can be narrowed by.
CREATE UNIQUE INDEX sessions_by_age ON sessions (owner, created_at, id);
CREATE INDEX sessions_by_status ON sessions (owner, status, created_at, id);
CREATE INDEX sessions_by_end_reason ON sessions (owner, end_reason, created_at, id) WHERE end_reason IS NOT NULL;
CREATE INDEX sessions_by_worker ON sessions (owner, worker, created_at, id) WHERE worker IS NOT NULL;
-- The few that are open, for who looks for runs of workers that are gone, and those that wait.
CREATE INDEX sessions_open ON sessions (id) WHERE status <> 'ended';
CREATE INDEX sessions_open_runs ON sessions (worker, worker_epoch) WHERE status IN ('starting', 'running');
CREATE INDEX sessions_waiting ON sessions (created_at) WHERE status = 'queued';
CREATE UNIQUE INDEX sessions_by_key ON sessions (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- The metadata of each session, in the order of a list's pages. It never changes after the create.
CREATE TABLE session_tags (
  owner TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (owner, name, value, created_at, session_id),
  -- By all three, for the planner counts on it: it knows so that each tag has its one session, and can choose which of
  -- the two tables to read in the order of pages.
  FOREIGN KEY (owner, created_at, session_id) REFERENCES sessions (owner, created_at, id) ON DELETE CASCADE
);
CREATE INDEX session_tags_by_session ON session_tags (session_id);
CREATE FUNCTION tag_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO session_tags (owner, name, value, created_at, session_id)
    SELECT new.owner, tag.key, tag.value, new.created_at, new.id
    FROM jsonb_each_text(new.options -> 'metadata') AS tag;
  RETURN NULL;
END $$;
CREATE TRIGGER sessions_tagged AFTER INSERT ON sessions FOR EACH ROW
  WHEN (new.options -> 'metadata' <> '{}') EXECUTE FUNCTION tag_session();

-- What happened to each session, append-only: each step that has a time, once, under the number its process gave it.
CREATE TABLE session_events (
  epoch TEXT COLLATE "C" NOT NULL,  -- of the process that wrote it, random at its start
  seq BIGINT NOT NULL,              -- its number in that process
  session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  at BIGINT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  PRIMARY KEY (epoch, seq),
  UNIQUE (session_id, status)
);
