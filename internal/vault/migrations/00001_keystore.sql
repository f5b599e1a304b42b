-- +goose Up
CREATE TABLE key_check (
  id BIGINT NOT NULL PRIMARY KEY,
  sealed ${BLOB} NOT NULL
);

CREATE TABLE owner_key (
  owner_id BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  wrapped ${BLOB} NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (owner_id, purpose)
);

CREATE TABLE epoch (
  id BIGINT NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL
);

CREATE TABLE subject_key (
  realm_id BIGINT NOT NULL,
  id BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  wrapped ${BLOB} NOT NULL,
  PRIMARY KEY (realm_id, id)
) ${CLUSTERED};
