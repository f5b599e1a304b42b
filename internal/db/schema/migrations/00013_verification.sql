-- +goose Up

-- written by verification: each attempt to find out whether an e-mail address, a phone
-- number or an identity is the customer's. told_at is when a checker knew what is kept;
-- due_at is when the program looks at the row, 0 for never; reached is 0 if nobody outside
-- could be asked. doc is sealed under the customer's own key
CREATE TABLE verification (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  provider TEXT NOT NULL,
  tries BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  end_id BIGINT NOT NULL,
  told_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  reached BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, customer_id, id)
) ${CLUSTERED};
CREATE INDEX verification_due ON verification (due_at) WHERE due_at > 0;

-- written by owner; 1 where all customers are screened by themselves
ALTER TABLE owner ADD COLUMN screen_customers BIGINT NOT NULL DEFAULT 0;

-- written by screening: in which lists a customer was looked up last, by their version
CREATE TABLE screening (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  stamp TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, customer_id)
) ${CLUSTERED};

-- written by screening: entries of sanctions lists that a customer may be. mark is a keyed
-- fingerprint of the list and the entry; decided_at is 0 until somebody has. doc is sealed
-- under the customer's own key
CREATE TABLE screening_match (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  mark ${BLOB} NOT NULL,
  status TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  decided_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE UNIQUE INDEX screening_match_mark ON screening_match (realm_id, customer_id, mark);
CREATE INDEX screening_match_queue ON screening_match (realm_id, status, id);

-- written by screening: how far a realm is that screens by itself. seq is the last event that was
-- followed, stamp the lists in which everybody was looked up; while others are new, target
-- names those and scan_id is the last customer
CREATE TABLE screening_pass (
  realm_id BIGINT NOT NULL PRIMARY KEY,
  seq BIGINT NOT NULL,
  stamp TEXT NOT NULL,
  target TEXT NOT NULL,
  scan_id BIGINT NOT NULL
);
