-- What was recorded of each session, as its worker tells: the files are in the object store.

CREATE TABLE recordings (
  session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  name TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('recording', 'uploading', 'stored', 'truncated', 'failed')),
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  duration_ms BIGINT NOT NULL,
  why TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  -- It was removed. The row stays, for its worker may still have it, and hears of it here.
  removed_at BIGINT,
  PRIMARY KEY (session_id, name)
);
