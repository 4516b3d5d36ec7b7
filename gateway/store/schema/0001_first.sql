-- People, their passkeys, invitations, sessions, and sealed secrets.
-- Times are POSIX seconds, UTC. Tokens are never here: only their SHA-256.

CREATE TABLE people (
    id           TEXT NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    user_handle  BLOB NOT NULL UNIQUE,
    enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created      REAL NOT NULL
) STRICT;

CREATE TABLE passkeys (
    credential_id BLOB NOT NULL PRIMARY KEY,
    person_id     TEXT NOT NULL REFERENCES people (id),
    public_key    BLOB NOT NULL,
    sign_count    INTEGER NOT NULL,
    transports    TEXT NOT NULL,    -- a JSON list of strings
    aaguid        TEXT NOT NULL,
    is_synced     INTEGER NOT NULL CHECK (is_synced IN (0, 1)),
    is_backed_up  INTEGER NOT NULL CHECK (is_backed_up IN (0, 1)),
    label         TEXT NOT NULL,
    created       REAL NOT NULL,
    last_used     REAL
) STRICT;
CREATE INDEX passkeys_of_person ON passkeys (person_id);

CREATE TABLE invitations (
    token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    person_id  TEXT NOT NULL REFERENCES people (id),
    created    REAL NOT NULL,
    expires    REAL NOT NULL,
    used       REAL
) STRICT;
CREATE INDEX invitations_of_person ON invitations (person_id);
CREATE UNIQUE INDEX one_open_invitation ON invitations (person_id) WHERE used IS NULL;

CREATE TABLE sessions (
    token_hash    BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    id            TEXT NOT NULL UNIQUE,
    person_id     TEXT NOT NULL REFERENCES people (id),
    method        TEXT NOT NULL,
    credential_id BLOB,
    address       TEXT NOT NULL,
    user_agent    TEXT NOT NULL,
    created       REAL NOT NULL,
    last_used     REAL NOT NULL
) STRICT;
CREATE INDEX sessions_of_person ON sessions (person_id);

CREATE TABLE secrets (
    name   TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- One sealed value that every start must be able to open: it proves the key.
CREATE TABLE key_proof (
    only   INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    sealed BLOB NOT NULL
) STRICT;
