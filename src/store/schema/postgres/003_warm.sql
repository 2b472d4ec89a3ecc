-- Whether a session's browser was there already when it was asked for: 1, else 0.

ALTER TABLE sessions ADD COLUMN warm INTEGER NOT NULL DEFAULT 0;
