-- For those whose time is over.

CREATE INDEX recordings_settled ON recordings (changed_at)
  WHERE removed_at IS NULL AND state IN ('stored', 'truncated', 'failed');
