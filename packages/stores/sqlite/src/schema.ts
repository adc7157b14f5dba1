/**
 * The steps from an empty file to the present schema; `PRAGMA user_version` counts how many a file has taken. A step that has been
 * released is never changed: a new one is added.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE installation (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  incarnation TEXT NOT NULL,
  file TEXT NOT NULL,
  head INTEGER NOT NULL,
  compacted INTEGER NOT NULL,
  checks INTEGER NOT NULL
) STRICT;
INSERT INTO installation VALUES (1, '', '', 0, 0, 0);

CREATE TABLE revocations (
  position INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  generation INTEGER,
  keep TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX revocations_of_sessions ON revocations (subject) WHERE kind = 'session';

CREATE TABLE sessions (
  id TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  strategy TEXT NOT NULL,
  generation INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL,
  rotated_address TEXT,
  rotated_user_agent TEXT,
  account_generation INTEGER NOT NULL,
  application_generation INTEGER NOT NULL,
  authenticated_at INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  started_address TEXT,
  started_user_agent TEXT,
  seen_at INTEGER NOT NULL,
  idle_expires_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  device_label TEXT,
  sweep_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account_id);
CREATE INDEX sessions_by_sweep ON sessions (sweep_at);

CREATE TABLE attributes (
  session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  attributes TEXT NOT NULL
) STRICT;

CREATE TABLE session_floors (
  account_id TEXT NOT NULL PRIMARY KEY,
  below INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  canonical_email TEXT NOT NULL UNIQUE,
  name TEXT,
  password_hash TEXT NOT NULL,
  roles TEXT NOT NULL,
  generation INTEGER NOT NULL,
  kept_session_id TEXT,
  kept_generation INTEGER,
  disabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE erased_accounts (
  id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE applications (
  id TEXT NOT NULL PRIMARY KEY,
  settings TEXT NOT NULL,
  generation INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
  id TEXT NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  number INTEGER NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  active_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  account_id TEXT,
  application_id TEXT,
  session_id TEXT,
  address TEXT,
  user_agent TEXT,
  detail TEXT
) STRICT;
CREATE INDEX audit_of_started_sessions ON audit (session_id) WHERE kind = 'session.started';
`,
  `
CREATE TABLE marks (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE installation ADD COLUMN reports INTEGER NOT NULL DEFAULT 0;
CREATE TABLE node_reports (
  node TEXT NOT NULL PRIMARY KEY,
  serial INTEGER NOT NULL,
  report TEXT NOT NULL
) STRICT;

CREATE TABLE attempts (
  rule TEXT NOT NULL,
  subject TEXT NOT NULL,
  count INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  PRIMARY KEY (rule, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_end ON attempts (ends_at);

CREATE TABLE familiar_addresses (
  account TEXT NOT NULL,
  place TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  remembered INTEGER NOT NULL,
  PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX familiar_addresses_by_end ON familiar_addresses (expires_at);
`,
  `
ALTER TABLE sessions ADD COLUMN key_thumbprint TEXT;
`,
  `
CREATE TABLE spent_proofs (
  id TEXT NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_proofs_by_end ON spent_proofs (expires_at);
`,
]
