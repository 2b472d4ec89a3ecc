-- When each came to its end, by the clock of the database, which is one for all machines.

ALTER TABLE recordings ADD COLUMN settled_at BIGINT;

UPDATE recordings SET settled_at = changed_at WHERE state IN ('stored', 'truncated', 'failed');

CREATE INDEX recordings_settled ON recordings (settled_at)
  WHERE removed_at IS NULL AND settled_at IS NOT NULL;
