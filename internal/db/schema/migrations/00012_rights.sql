-- +goose Up

-- written by rights: requests of data subjects (GDPR Art. 15 to 22). received and due are days,
-- YYYY-MM-DD. told and mailed: 1 due within seven days, 2 overdue. doc is sealed under the
-- customer's own key and emptied by their erasure
CREATE TABLE privacy_request (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL,
  version BIGINT NOT NULL,
  received TEXT NOT NULL,
  due TEXT NOT NULL,
  extended BIGINT NOT NULL,
  verified_at BIGINT NOT NULL,
  finished_at BIGINT NOT NULL,
  told BIGINT NOT NULL,
  mailed BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX privacy_request_customer ON privacy_request (realm_id, customer_id);
CREATE INDEX privacy_request_due ON privacy_request (realm_id, due) WHERE finished_at = 0;

-- written by rights: what was done about a request, line by line
CREATE TABLE privacy_request_step (
  realm_id BIGINT NOT NULL,
  request_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  step TEXT NOT NULL,
  code TEXT NOT NULL,
  fields TEXT NOT NULL,
  object_id BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, request_id, id)
) ${CLUSTERED};
CREATE INDEX privacy_request_step_customer ON privacy_request_step (realm_id, customer_id);

-- written by rights: what shows that it was done. sha256 is hex, empty after an erasure
-- unless Florin made the file itself
CREATE TABLE privacy_request_evidence (
  realm_id BIGINT NOT NULL,
  request_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, request_id, id)
) ${CLUSTERED};
CREATE INDEX privacy_request_evidence_customer ON privacy_request_evidence (realm_id, customer_id);

-- written by rights: to whom customers' data are disclosed. everyone: gets those of every
-- customer; provider_id: of whoever pays by that account. doc is sealed under the owner's key
CREATE TABLE recipient (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  everyone BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

-- written by rights: that a recipient got one customer's data
CREATE TABLE disclosure (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  recipient_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  PRIMARY KEY (realm_id, customer_id, recipient_id)
) ${CLUSTERED};

-- written by rights: what a recipient must be told (GDPR Art. 19). Numbers and names of fields
CREATE TABLE recipient_notice (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  recipient_id BIGINT NOT NULL,
  cause TEXT NOT NULL,
  fields TEXT NOT NULL,
  done_at BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX recipient_notice_customer ON recipient_notice (realm_id, customer_id);

-- written by rights: versions of what people are told about the use of their data (GDPR Art.
-- 13, 14), and which points each makes. doc is sealed under the owner's key
CREATE TABLE privacy_notice (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  language TEXT NOT NULL,
  article TEXT NOT NULL,
  points TEXT NOT NULL,
  absent TEXT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

-- written by register: personal data breaches (GDPR Art. 33). told and mailed: 1 and 2 with 48
-- and 24 of the 72 hours left, 3 when they are over. doc is sealed under the owner's key
CREATE TABLE incident (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  aware_at BIGINT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  risk TEXT NOT NULL,
  notified_at BIGINT NOT NULL,
  informed_at BIGINT NOT NULL,
  closed_at BIGINT NOT NULL,
  told BIGINT NOT NULL,
  mailed BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

-- written by register: records of processing, impact assessments, the officer and what they
-- were asked. doc is sealed under the owner's key
CREATE TABLE register_entry (
  realm_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, kind, id)
) ${CLUSTERED};
