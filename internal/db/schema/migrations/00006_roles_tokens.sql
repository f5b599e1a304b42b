-- +goose Up

-- written by access; what a role of an owner's own may do, separated by commas
CREATE TABLE staff_role (
  id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  permissions TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_role_name ON staff_role (owner_id, name);

-- written by access; access tokens of OAuth 2 client credentials, whose client is an API
-- key. The hash is SHA-256 of 256 random bits; scope is permissions separated by commas
CREATE TABLE access_token (
  id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  scope TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX access_token_hash ON access_token (hash);
CREATE INDEX access_token_key ON access_token (key_id);
CREATE INDEX access_token_expires ON access_token (expires_at);
