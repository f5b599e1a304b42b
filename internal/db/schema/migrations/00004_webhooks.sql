-- +goose Up

-- written by webhook: where a merchant's systems want to hear of events. doc (address,
-- description, secrets) is sealed under the owner's key. Every event up to position is
-- delivered, or waits in webhook_delivery, or is none of the endpoint's
CREATE TABLE webhook_endpoint (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  enabled BIGINT NOT NULL,
  reason TEXT NOT NULL,
  payload TEXT NOT NULL,
  kinds TEXT NOT NULL,
  position BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  failing_since BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  told_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

-- written by webhook: events that one endpoint refused while it took others, those of the
-- same customer behind them, and those that are sent again by request
CREATE TABLE webhook_delivery (
  realm_id BIGINT NOT NULL,
  endpoint_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  PRIMARY KEY (realm_id, endpoint_id, seq)
) ${CLUSTERED};
CREATE INDEX webhook_delivery_due ON webhook_delivery (due_at);

-- written by webhook: each try and how it ended; status 0 is no answer, and problem says
-- why. answer is the first 4 KiB, sealed under the owner's key; empty where there was none
CREATE TABLE webhook_attempt (
  realm_id BIGINT NOT NULL,
  endpoint_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  event_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  customer_id BIGINT NOT NULL,
  status BIGINT NOT NULL,
  took BIGINT NOT NULL,
  problem TEXT NOT NULL,
  answered BIGINT NOT NULL,
  answer ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, endpoint_id, id)
) ${CLUSTERED};
CREATE INDEX webhook_attempt_customer ON webhook_attempt (customer_id, realm_id) WHERE answered = 1;
