-- +goose Up

-- written by access; a keyed fingerprint of the e-mail's normal form under the
-- platform's own keys, in hexadecimal: signing in knows no owner. Empty in rows that are
-- older than this migration until the next start fills it in
ALTER TABLE staff_user ADD COLUMN email_index TEXT NOT NULL DEFAULT '';
ALTER TABLE staff_user ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
-- SHA-256 of the invitation's 256 random bits, in hexadecimal; empty for none
ALTER TABLE staff_user ADD COLUMN invite_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE staff_user ADD COLUMN invite_expires_at BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX staff_user_email ON staff_user (email_index, owner_id) WHERE email_index <> '';
CREATE INDEX staff_user_owner ON staff_user (owner_id, id);
CREATE INDEX staff_user_invite ON staff_user (invite_hash) WHERE invite_hash <> '';

-- whose own key it is; 0 for the owner's keys
ALTER TABLE api_key ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX api_key_user ON api_key (user_id) WHERE user_id <> 0;

-- written by access; the hash is SHA-256 of 256 random bits
CREATE TABLE staff_session (
  id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  mode TEXT NOT NULL,
  hash ${BLOB} NOT NULL,
  address TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_session_hash ON staff_session (hash);
CREATE INDEX staff_session_user ON staff_session (user_id, id);
CREATE INDEX staff_session_expires ON staff_session (expires_at);

-- written by access; a keyed fingerprint of e-mail and address from where somebody has
-- signed in, so that a stranger's guesses do not make them wait
CREATE TABLE staff_address (
  hash ${BLOB} NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
CREATE INDEX staff_address_user ON staff_address (user_id);

-- written by access; attempts that failed, by a keyed fingerprint of an account or an
-- address, and until when the next one must wait
CREATE TABLE sign_in_wait (
  hash ${BLOB} NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE INDEX sign_in_wait_changed ON sign_in_wait (changed_at);
