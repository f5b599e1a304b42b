-- +goose Up

-- written by privacy: links by which a customer's data can be fetched until a time. The
-- token is in the link alone; hash finds it
CREATE TABLE export_link (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  expires_at BIGINT NOT NULL,
  withdrawn_at BIGINT NOT NULL,
  fetched BIGINT NOT NULL,
  fetched_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, customer_id, id)
) ${CLUSTERED};
CREATE UNIQUE INDEX export_link_hash ON export_link (hash);

-- written by privacy: what a customer brought along from another Florin (GDPR Art. 20):
-- the export they were made of, as it was. doc is sealed under the customer's own key
CREATE TABLE customer_import (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, customer_id, id)
) ${CLUSTERED};
