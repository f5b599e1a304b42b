-- +goose Up

-- written by consent: what an owner processes data for, and the ground of GDPR Art. 6(1)
-- that it rests on. doc (description, policy version) is sealed under the owner's key. A
-- changed purpose is a new row
CREATE TABLE purpose (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT NOT NULL,
  basis TEXT NOT NULL,
  double_opt_in BIGINT NOT NULL,
  marketing BIGINT NOT NULL,
  active BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE UNIQUE INDEX purpose_name ON purpose (realm_id, name);

-- a consent that waits for a click in a mail does so until pending_until. When and from
-- where it was confirmed and withdrawn is written once, sealed under the customer's key
ALTER TABLE consent ADD COLUMN pending_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consent ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE consent ADD COLUMN confirmation ${BLOB};
ALTER TABLE consent ADD COLUMN withdrawal ${BLOB};

-- written by consent: objections (GDPR Art. 21). answer: '', upheld, compelling_grounds or
-- withdrawn. doc (the customer's words) and reason (the owner's) are sealed under the
-- customer's key
CREATE TABLE objection (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  channel TEXT NOT NULL,
  answer TEXT NOT NULL,
  answered_at BIGINT NOT NULL,
  answered_by BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  reason ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, customer_id, id)
) ${CLUSTERED};

-- written by consent: how the page at a customer's link is found, by a hash of 128 random
-- bits. object_id is the consent; expires_at 0 is a link that lives as long as its object
CREATE TABLE customer_link (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  object_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE UNIQUE INDEX customer_link_hash ON customer_link (hash);
CREATE INDEX customer_link_customer ON customer_link (customer_id, realm_id);

-- the purpose that a mail to a customer serves; '' is none of theirs
ALTER TABLE notification ADD COLUMN purpose TEXT NOT NULL DEFAULT '';

-- written by retention: how long an owner keeps each class of data, and what the runs did
CREATE TABLE retention_policy (
  realm_id BIGINT NOT NULL,
  class TEXT NOT NULL,
  version BIGINT NOT NULL,
  days BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, class)
) ${CLUSTERED};
CREATE TABLE retention_run (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  removed BIGINT NOT NULL,
  report TEXT NOT NULL,
  certificate TEXT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

-- fields of customers that an owner does not collect, each with the millisecond since when
ALTER TABLE owner ADD COLUMN not_collected TEXT NOT NULL DEFAULT '';

-- when a customer last said that their data are right; 0 is never
ALTER TABLE customer ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0;
-- when the last thing happened to them whose row retention has removed since
ALTER TABLE customer ADD COLUMN active_at BIGINT NOT NULL DEFAULT 0;
