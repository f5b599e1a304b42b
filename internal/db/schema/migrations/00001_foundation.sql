-- +goose Up

-- written by owner; the signing secret is sealed under the owner's key
CREATE TABLE owner (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  base_currency TEXT NOT NULL,
  default_region TEXT NOT NULL,
  duplicate_policy TEXT NOT NULL,
  strict_phone BIGINT NOT NULL,
  live_realm BIGINT NOT NULL,
  test_realm BIGINT NOT NULL,
  index_version BIGINT NOT NULL,
  next_index_version BIGINT NOT NULL,
  signing_secret ${BLOB} NOT NULL,
  created_at BIGINT NOT NULL
);

-- written by access; the profile holds name and e-mail, sealed under the owner's key
CREATE TABLE staff_user (
  id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  profile ${BLOB} NOT NULL,
  password_hash TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- written by access; the hash is SHA-256 of 256 random bits
CREATE TABLE api_key (
  id BIGINT NOT NULL PRIMARY KEY,
  owner_id BIGINT NOT NULL,
  mode TEXT NOT NULL,
  name TEXT NOT NULL,
  hash ${BLOB} NOT NULL,
  role TEXT NOT NULL,
  permissions TEXT NOT NULL,
  cidrs TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX api_key_hash ON api_key (hash);
CREATE INDEX api_key_owner ON api_key (owner_id, id);

-- written by lease
CREATE TABLE lease (
  name TEXT NOT NULL PRIMARY KEY,
  holder TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- written by customer; doc is sealed under the customer's own key
CREATE TABLE customer (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  facts BIGINT NOT NULL,
  status BIGINT NOT NULL,
  has_payment_requests BIGINT NOT NULL,
  total_deposits BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX customer_updated ON customer (realm_id, updated_at, id);

-- written by customer; kind is the blind index's version and field, slot 0 is held by
-- at most one customer of a normal form, and is what makes a duplicate collide.
-- Customers who are not active also have a row of kind 5, whose hash is their status
CREATE TABLE customer_index (
  realm_id BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  slot BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  PRIMARY KEY (realm_id, kind, hash, slot)
) ${CLUSTERED};

-- written by customer; what remains of an erased one. key_id is 0 once the key is gone
CREATE TABLE customer_erased (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  erased_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX customer_erased_unfinished ON customer_erased (realm_id, id) WHERE key_id <> 0;

-- written by customer; doc is sealed under the customer's own key
CREATE TABLE interaction (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  status BIGINT NOT NULL,
  closed_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, customer_id, id)
) ${CLUSTERED};

-- written by idempotency; the key is small because its place is random, the answer
-- large and in order of time, which is also how it is purged. An answer of a usual
-- length does not fit into a page of a clustered table, so its id is SQLite's rowid
CREATE TABLE idempotency (
  realm_id BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  answer_id BIGINT NOT NULL,
  PRIMARY KEY (realm_id, hash)
) ${CLUSTERED};

CREATE TABLE idempotency_answer (
  id ${ROWID} NOT NULL PRIMARY KEY,
  realm_id BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  fingerprint ${BLOB} NOT NULL,
  customer_id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  answer ${BLOB} NOT NULL
);

-- written by audit
CREATE TABLE audit_pending (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  body ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

CREATE TABLE audit_segment (
  realm_id BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  records BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  body ${BLOB} NOT NULL,
  hashes ${BLOB} NOT NULL,
  customers ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, first_seq)
);
CREATE INDEX audit_segment_seq ON audit_segment (first_seq);

CREATE TABLE audit_checkpoint (
  number BIGINT NOT NULL PRIMARY KEY,
  size BIGINT NOT NULL,
  at BIGINT NOT NULL,
  edge ${BLOB} NOT NULL,
  note TEXT NOT NULL
);

-- written by event
CREATE TABLE event_pending (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  customer_id BIGINT NOT NULL,
  fields TEXT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

CREATE TABLE event (
  realm_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  customer_id BIGINT NOT NULL,
  fields TEXT NOT NULL,
  PRIMARY KEY (realm_id, seq)
) ${CLUSTERED};
