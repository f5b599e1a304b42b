-- +goose Up

-- written by customer: what an erasure did, in words without a value of the person, and
-- the signed statement of it
ALTER TABLE customer_erased ADD COLUMN report TEXT NOT NULL DEFAULT '';
ALTER TABLE customer_erased ADD COLUMN certificate TEXT NOT NULL DEFAULT '';

-- written by customer: restrictions of processing (GDPR Art. 18), one that holds for each
-- customer; was is the status before. doc is sealed under the customer's own key
CREATE TABLE restriction (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  reason TEXT NOT NULL,
  was BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, customer_id)
) ${CLUSTERED};

-- written by privacy: what keeps a customer from being erased until a day, unless it is
-- released before. doc is sealed under the customer's own key
CREATE TABLE legal_hold (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  released_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, customer_id, id)
) ${CLUSTERED};

-- written by privacy: erasures of many, and what became of each customer
CREATE TABLE erasure_job (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  owner_id BIGINT NOT NULL,
  mode TEXT NOT NULL,
  finished_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX erasure_job_open ON erasure_job (realm_id, id) WHERE finished_at = 0;
CREATE TABLE erasure_item (
  realm_id BIGINT NOT NULL,
  job_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  code TEXT NOT NULL,
  PRIMARY KEY (realm_id, job_id, customer_id)
) ${CLUSTERED};
CREATE INDEX erasure_item_open ON erasure_item (realm_id, job_id, customer_id) WHERE code = '';
