-- +goose Up

-- written by audit: each time the store or the keystore came out of a backup. id is when, in
-- milliseconds; the signed note says what was kept and what is lost; replayed_at is 0 until
-- erasures since the backup have been done again
CREATE TABLE audit_restore (
  id BIGINT NOT NULL PRIMARY KEY,
  note TEXT NOT NULL,
  replayed_at BIGINT NOT NULL
);
