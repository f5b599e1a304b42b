-- +goose Up

-- written by provider/sandbox: the built-in provider's own ledger of test mode. No card
-- number, no code; a row whose state is absent keeps a key from ever being used
CREATE TABLE sandbox_charge (
  realm_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  charge_key TEXT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  captured BIGINT NOT NULL,
  refunded BIGINT NOT NULL,
  at_once BIGINT NOT NULL,
  scenario TEXT NOT NULL,
  decline TEXT NOT NULL,
  three_ds TEXT NOT NULL,
  brand TEXT NOT NULL,
  bin TEXT NOT NULL,
  last4 TEXT NOT NULL,
  exp_month BIGINT NOT NULL,
  exp_year BIGINT NOT NULL,
  fingerprint TEXT NOT NULL,
  payer TEXT NOT NULL,
  nonce ${BLOB} NOT NULL,
  challenge_hash ${BLOB},
  token_hash ${BLOB},
  return_url TEXT NOT NULL,
  settles_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, account_id, charge_key),
  CHECK (refunded >= 0 AND refunded <= captured AND captured <= amount)
) ${CLUSTERED};
CREATE UNIQUE INDEX sandbox_charge_id ON sandbox_charge (realm_id, account_id, id);
CREATE INDEX sandbox_charge_challenge ON sandbox_charge (challenge_hash) WHERE challenge_hash IS NOT NULL;

CREATE TABLE sandbox_refund (
  realm_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  refund_key TEXT NOT NULL,
  id BIGINT NOT NULL,
  charge_key TEXT NOT NULL,
  state TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  settles_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, account_id, refund_key)
) ${CLUSTERED};

-- a saved method is found by the hash of its token, which is not kept
CREATE TABLE sandbox_token (
  realm_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  hash ${BLOB} NOT NULL,
  kind TEXT NOT NULL,
  payer TEXT NOT NULL,
  brand TEXT NOT NULL,
  bin TEXT NOT NULL,
  last4 TEXT NOT NULL,
  exp_month BIGINT NOT NULL,
  exp_year BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, account_id, hash)
) ${CLUSTERED};
CREATE INDEX sandbox_token_payer ON sandbox_token (realm_id, account_id, payer);

-- a callback that waits to be sent; a claim moves due_at to the time of the next try
CREATE TABLE sandbox_callback (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  event_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  charge_key TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
CREATE INDEX sandbox_callback_due ON sandbox_callback (due_at, id);

CREATE TABLE sandbox_dispute (
  realm_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  charge_key TEXT NOT NULL,
  state TEXT NOT NULL,
  amount BIGINT NOT NULL,
  opened_at BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (realm_id, account_id, id)
) ${CLUSTERED};
CREATE INDEX sandbox_dispute_charge ON sandbox_dispute (realm_id, account_id, charge_key);
