/**
 * The steps from an empty database to the present schema; the row of `counterfoil_schema` counts how many it has taken. A step that has been
 * released is never changed: a new one is added. Ids compare by their bytes, whatever the database's locale.
 */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE counterfoil_installation (
  id integer PRIMARY KEY CHECK (id = 1),
  incarnation text NOT NULL,
  timeline text NOT NULL,
  system text NOT NULL,
  head bigint NOT NULL,
  compacted bigint NOT NULL,
  checks bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO counterfoil_installation VALUES (1, '', '', '', 0, 0, 0);

CREATE TABLE counterfoil_revocations (
  position bigint PRIMARY KEY,
  kind text NOT NULL,
  subject text COLLATE "C" NOT NULL,
  generation bigint,
  keep text COLLATE "C",
  at bigint NOT NULL
);
CREATE INDEX counterfoil_revocations_of_sessions ON counterfoil_revocations (subject) WHERE kind = 'session';

CREATE TABLE counterfoil_sessions (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  application_id text COLLATE "C" NOT NULL,
  strategy text NOT NULL,
  generation bigint NOT NULL,
  floor bigint NOT NULL,
  rotated_at bigint NOT NULL,
  rotated_address text,
  rotated_user_agent text,
  account_generation bigint NOT NULL,
  application_generation bigint NOT NULL,
  authenticated_at bigint NOT NULL,
  started_at bigint NOT NULL,
  started_address text,
  started_user_agent text,
  seen_at bigint NOT NULL,
  idle_expires_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  device_label text,
  sweep_at bigint NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX counterfoil_sessions_by_account ON counterfoil_sessions (account_id);
CREATE INDEX counterfoil_sessions_by_sweep ON counterfoil_sessions (sweep_at);

CREATE TABLE counterfoil_attributes (
  session_id text COLLATE "C" PRIMARY KEY REFERENCES counterfoil_sessions (id) ON DELETE CASCADE,
  version bigint NOT NULL,
  attributes text NOT NULL
);

CREATE TABLE counterfoil_session_floors (
  account_id text COLLATE "C" PRIMARY KEY,
  below bigint NOT NULL
) WITH (fillfactor = 85);

CREATE TABLE counterfoil_accounts (
  id text COLLATE "C" PRIMARY KEY,
  email text NOT NULL,
  canonical_email text COLLATE "C" NOT NULL UNIQUE,
  name text,
  password_hash text NOT NULL,
  roles text NOT NULL,
  generation bigint NOT NULL,
  kept_session_id text COLLATE "C",
  kept_generation bigint,
  disabled boolean NOT NULL,
  created_at bigint NOT NULL
);
CREATE TABLE counterfoil_erased_accounts (
  id text COLLATE "C" PRIMARY KEY
);

CREATE TABLE counterfoil_applications (
  id text COLLATE "C" PRIMARY KEY,
  settings text NOT NULL,
  generation bigint NOT NULL,
  added bigint GENERATED ALWAYS AS IDENTITY
);

CREATE TABLE counterfoil_keys (
  id text COLLATE "C" PRIMARY KEY,
  purpose text NOT NULL,
  algorithm text NOT NULL,
  number integer NOT NULL,
  public_jwk text NOT NULL,
  sealed bytea NOT NULL,
  created_at bigint NOT NULL,
  active_at bigint NOT NULL,
  added bigint GENERATED ALWAYS AS IDENTITY
);

CREATE TABLE counterfoil_audit (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  kind text NOT NULL,
  account_id text COLLATE "C",
  application_id text COLLATE "C",
  session_id text COLLATE "C",
  address text,
  user_agent text,
  detail text
);
CREATE INDEX counterfoil_audit_of_started_sessions ON counterfoil_audit (session_id) WHERE kind = 'session.started';

CREATE TABLE counterfoil_marks (
  name text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE counterfoil_node_reports (
  node text COLLATE "C" PRIMARY KEY,
  serial bigint NOT NULL,
  report text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE counterfoil_attempts (
  rule text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  count integer NOT NULL,
  ends_at bigint NOT NULL,
  PRIMARY KEY (rule, subject)
) WITH (fillfactor = 85);
CREATE INDEX counterfoil_attempts_by_end ON counterfoil_attempts (ends_at);

CREATE TABLE counterfoil_familiar_addresses (
  account text COLLATE "C" NOT NULL,
  place text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  remembered bigint NOT NULL,
  PRIMARY KEY (account, place)
);
CREATE INDEX counterfoil_familiar_addresses_by_end ON counterfoil_familiar_addresses (expires_at);
`,
  `
ALTER TABLE counterfoil_sessions ADD COLUMN key_thumbprint text;
`,
  `
CREATE TABLE counterfoil_spent_proofs (
  id text COLLATE "C" PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX counterfoil_spent_proofs_by_end ON counterfoil_spent_proofs (expires_at);
`,
]
