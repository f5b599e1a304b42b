-- +goose Up

-- written by owner; active, suspended, or leaving once its destruction has begun
ALTER TABLE owner ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
-- the operator's words, for the operator
ALTER TABLE owner ADD COLUMN status_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE owner ADD COLUMN status_at BIGINT NOT NULL DEFAULT 0;
