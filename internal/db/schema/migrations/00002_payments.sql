-- +goose Up

-- the payment request, payment method or refund that an event is about; 0 is none
ALTER TABLE event_pending ADD COLUMN object_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN object_id BIGINT NOT NULL DEFAULT 0;

-- where notifications of payment requests without a notifyUrl of their own go
ALTER TABLE owner ADD COLUMN notify_url TEXT NOT NULL DEFAULT '';

-- what the payment page is painted in, #rrggbb; '' is the page's own
ALTER TABLE owner ADD COLUMN brand_color TEXT NOT NULL DEFAULT '';

-- written by owner: scheme, host and port of pages that payment requests may come from
CREATE TABLE origin_domain (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  origin TEXT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE UNIQUE INDEX origin_domain_origin ON origin_domain (realm_id, origin);

-- written by customer: what was paid less refunds and chargebacks, in minor units of
-- each currency; the sum in the owner's base currency is customer.total_deposits
CREATE TABLE customer_deposit (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL,
  PRIMARY KEY (realm_id, customer_id, currency)
) ${CLUSTERED};

-- written by consent; doc (evidence, policy version) is sealed under the customer's key
CREATE TABLE consent (
  realm_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  channel TEXT NOT NULL,
  withdrawn_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, customer_id, id)
) ${CLUSTERED};

-- written by fee: percent is in hundredths of a basis point, the rest in minor units;
-- '' means any method or currency, which then has no fixed part
CREATE TABLE fee_table (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  method TEXT NOT NULL,
  currency TEXT NOT NULL,
  percent BIGINT NOT NULL,
  fixed BIGINT NOT NULL,
  minimum BIGINT NOT NULL,
  maximum BIGINT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE UNIQUE INDEX fee_table_match ON fee_table (realm_id, method, currency);

-- written by routing; settings and credentials are sealed under the owner's key
CREATE TABLE provider_account (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

-- written by routing: lists are separated by commas, '' means any
CREATE TABLE routing_rule (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  priority BIGINT NOT NULL,
  weight BIGINT NOT NULL,
  methods TEXT NOT NULL,
  currencies TEXT NOT NULL,
  countries TEXT NOT NULL,
  amount_from BIGINT NOT NULL,
  amount_to BIGINT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};

-- written by method: a provider's token, sealed with what may be shown of the card under
-- the customer's own key. The fingerprint is keyed and finds the same card again
CREATE TABLE payment_method (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  status BIGINT NOT NULL,
  is_default BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  told BIGINT NOT NULL,
  consent_id BIGINT NOT NULL,
  fingerprint ${BLOB} NOT NULL,
  used_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
-- Here and below an index leads with what a lookup by key does not name. Until a table is
-- analyzed PostgreSQL takes realm_id for selective, and read (realm_id, x, id) from end to
-- end to find a row by (realm_id, id)
CREATE INDEX payment_method_customer ON payment_method (customer_id, realm_id, id);
CREATE UNIQUE INDEX payment_method_card ON payment_method (realm_id, customer_id, fingerprint) WHERE status <> 2;
CREATE UNIQUE INDEX payment_method_default ON payment_method (realm_id, customer_id) WHERE is_default = 1;
CREATE INDEX payment_method_expiry ON payment_method (realm_id, expires) WHERE status = 0 AND expires <> 0;

-- written by payment; doc is sealed under the customer's key, or the owner's without one.
-- status: 0 waiting, 1 paid, 2 unpaid, 3 cancelled, 4 pending. Amounts are minor units,
-- base_… of the owner's base currency at the rate of the payment. payment_move holds the
-- legal moves, each as the digits from and to: any other is refused whatever a program
-- says. Archiving is a flag beside it
CREATE TABLE payment_request (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  version BIGINT NOT NULL,
  was BIGINT NOT NULL,
  status BIGINT NOT NULL,
  archived BIGINT NOT NULL,
  transaction_status BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  base_currency TEXT NOT NULL,
  rate TEXT NOT NULL,
  base_amount BIGINT NOT NULL,
  fee BIGINT NOT NULL,
  refunded BIGINT NOT NULL,
  base_refunded BIGINT NOT NULL,
  refunding BIGINT NOT NULL,
  charged_back BIGINT NOT NULL,
  base_charged_back BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  attempt_id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  method_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  reference TEXT NOT NULL,
  log_id BIGINT NOT NULL,
  log_code TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  paid_at BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id),
  CONSTRAINT payment_move CHECK (was * 10 + status IN (0, 3, 4, 11, 22, 23, 24, 33, 41, 42, 43, 44)),
  CHECK (amount > 0 AND refunded >= 0 AND refunding >= 0 AND refunded + refunding <= amount),
  CHECK (charged_back >= 0 AND charged_back <= amount),
  CHECK (paid_at = 0 OR status = 1)
) ${CLUSTERED};
CREATE INDEX payment_request_customer ON payment_request (customer_id, realm_id, id);
CREATE INDEX payment_request_status ON payment_request (status, realm_id, id);

-- written by payment: how the page at a link is found, and when it is over. The hash is
-- of 128 random bits; the token itself is sealed in the request
CREATE TABLE payment_link (
  realm_id BIGINT NOT NULL,
  request_id BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, request_id)
) ${CLUSTERED};
CREATE UNIQUE INDEX payment_link_hash ON payment_link (hash);
CREATE INDEX payment_link_expiry ON payment_link (expires_at);

-- written by payment: one try at a provider; state is provider.State
CREATE TABLE payment_attempt (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  request_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  state BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  capture_at BIGINT NOT NULL,
  method_id BIGINT NOT NULL,
  reference TEXT NOT NULL,
  code TEXT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX payment_attempt_request ON payment_attempt (request_id, realm_id, id);
CREATE INDEX payment_attempt_reference ON payment_attempt (provider_id, realm_id, reference) WHERE reference <> '';

-- written by payment: every step of every attempt, refund and dispute
CREATE TABLE payment_log (
  realm_id BIGINT NOT NULL,
  request_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  attempt_id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  transaction_status BIGINT NOT NULL,
  code TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  PRIMARY KEY (realm_id, request_id, id)
) ${CLUSTERED};
CREATE INDEX payment_log_customer ON payment_log (customer_id, realm_id, id);

-- written by payment; state is provider.State: pending, approved (done) or declined
CREATE TABLE payment_refund (
  realm_id BIGINT NOT NULL,
  request_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  state BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  base_amount BIGINT NOT NULL,
  reference TEXT NOT NULL,
  PRIMARY KEY (realm_id, request_id, id)
) ${CLUSTERED};
CREATE INDEX payment_refund_reference ON payment_refund (request_id, realm_id, reference);

-- written by payment; evidence is sealed under the owner's key
CREATE TABLE payment_dispute (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  request_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  reference TEXT NOT NULL,
  state TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  base_amount BIGINT NOT NULL,
  reason TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  evidence ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE UNIQUE INDEX payment_dispute_reference ON payment_dispute (provider_id, realm_id, reference);
CREATE INDEX payment_dispute_request ON payment_dispute (request_id, realm_id);

-- written by payment: events of providers that were taken already
CREATE TABLE payment_notice (
  realm_id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, provider_id, hash)
) ${CLUSTERED};
CREATE INDEX payment_notice_at ON payment_notice (at);

-- written by payment: what is due with a provider: ask about an attempt or a refund,
-- capture, give back, forget a method or a payer. doc is sealed under the owner's key
CREATE TABLE payment_task (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  request_id BIGINT NOT NULL,
  subject_id BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (subject_id, realm_id, id)
) ${CLUSTERED};
CREATE INDEX payment_task_due ON payment_task (due_at);

-- written by payment: each day's comparison with a provider's own report, and what did
-- not agree. Amounts are what either side holds, in minor units
CREATE TABLE payment_reconciliation (
  realm_id BIGINT NOT NULL,
  provider_id BIGINT NOT NULL,
  day TEXT NOT NULL,
  id BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  PRIMARY KEY (realm_id, provider_id, day)
) ${CLUSTERED};

CREATE TABLE payment_difference (
  realm_id BIGINT NOT NULL,
  reconciliation_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  kind TEXT NOT NULL,
  request_id BIGINT NOT NULL,
  attempt_id BIGINT NOT NULL,
  reference TEXT NOT NULL,
  ours BIGINT NOT NULL,
  theirs BIGINT NOT NULL,
  currency TEXT NOT NULL,
  PRIMARY KEY (realm_id, reconciliation_id, number)
) ${CLUSTERED};

-- written by notification: the form posts to notifyUrl and the mails to customers that
-- wait. doc (address and text) is sealed under the customer's key, or the owner's
CREATE TABLE notification (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  channel TEXT NOT NULL,
  request_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  key_id BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  doc ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX notification_due ON notification (due_at);
CREATE INDEX notification_customer ON notification (customer_id, realm_id);
