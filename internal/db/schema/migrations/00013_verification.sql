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
