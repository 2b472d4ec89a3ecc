-- What a session's browser took; NULL where nothing counts it, and in rows of before.

ALTER TABLE sessions ADD COLUMN egress_bytes_up INTEGER;
ALTER TABLE sessions ADD COLUMN egress_bytes_down INTEGER;
ALTER TABLE sessions ADD COLUMN cpu_ms INTEGER;
ALTER TABLE sessions ADD COLUMN peak_memory_bytes INTEGER;
