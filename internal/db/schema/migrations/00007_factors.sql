-- +goose Up

-- written by owner; 1 where a session without a second factor can only set one up
ALTER TABLE owner ADD COLUMN require_second_factor BIGINT NOT NULL DEFAULT 0;

-- written by access; 1 where the password has fewer than the 15 characters that it needs
-- alone: it is gone with the last factor
ALTER TABLE staff_user ADD COLUMN password_short BIGINT NOT NULL DEFAULT 0;

-- written by access; 1 where whoever signed in showed a second factor or needs none
ALTER TABLE staff_session ADD COLUMN proven BIGINT NOT NULL DEFAULT 0;

-- written by access; the seed of a user's one-time codes (RFC 6238), sealed under the
-- owner's key, and the last time step that was taken
CREATE TABLE staff_totp (
  user_id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  seed ${BLOB} NOT NULL,
  confirmed BIGINT NOT NULL,
  step BIGINT NOT NULL
);

-- written by access; codes for whoever has lost the factor. The hash is SHA-256 of 120
-- random bits; a used one is gone
CREATE TABLE staff_recovery (
  hash ${BLOB} NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL
);
CREATE INDEX staff_recovery_user ON staff_recovery (user_id);

-- written by access; a public key of an authenticator (WebAuthn). doc has the key and the
-- name that its user gave it, sealed under the owner's key; counter is the authenticator's
CREATE TABLE staff_passkey (
  id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  credential ${BLOB} NOT NULL,
  doc ${BLOB} NOT NULL,
  counter BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_passkey_credential ON staff_passkey (credential);
CREATE INDEX staff_passkey_user ON staff_passkey (user_id, id);

-- written by access; what was asked of a browser and is answered once: a passkey's
-- challenge, an OpenID Connect sign-in. The hash is SHA-256 of its random part; doc is
-- sealed under the platform's key
CREATE TABLE staff_ceremony (
  hash ${BLOB} NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX staff_ceremony_expires ON staff_ceremony (expires_at);

-- written by access; where an owner's users may sign in elsewhere. doc has the issuer, the
-- client and its secret, sealed under the owner's key. An empty role lets nobody in who
-- was not invited
CREATE TABLE identity_provider (
  id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  enabled BIGINT NOT NULL,
  role TEXT NOT NULL,
  doc ${BLOB} NOT NULL
);
CREATE INDEX identity_provider_owner ON identity_provider (owner_id, id);

-- written by access; who a subject of an issuer is: keyed fingerprints of both with
-- the owner, under the platform's keys. A user is one subject of an issuer
CREATE TABLE staff_identity (
  hash ${BLOB} NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  issuer ${BLOB} NOT NULL
);
CREATE UNIQUE INDEX staff_identity_user ON staff_identity (user_id, issuer);
