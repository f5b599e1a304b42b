-- +goose Up

-- written by owner; active, suspended, or leaving once its destruction has begun
ALTER TABLE owner ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
-- the operator's words, for the operator
ALTER TABLE owner ADD COLUMN status_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE owner ADD COLUMN status_at BIGINT NOT NULL DEFAULT 0;
-- requests a second of all the owner's credentials together; 0 for no limit
ALTER TABLE owner ADD COLUMN rate_limit BIGINT NOT NULL DEFAULT 0;

-- written by limit: what all nodes have taken of a bucket, ever, and when it will be full
-- again, in microseconds. Of buckets that are used much
CREATE TABLE rate_use (
  subject TEXT NOT NULL PRIMARY KEY,
  used BIGINT NOT NULL,
  full_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE INDEX rate_use_changed ON rate_use (changed_at);
