-- Every way in: kinds of invitations, removed passkeys, recovery codes, what happened to them,
-- verifications of sessions, and what is known of people besides their names.

ALTER TABLE people ADD COLUMN mail TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';    -- a JSON list of strings

ALTER TABLE passkeys ADD COLUMN flagged REAL;

-- Ids of passkeys that were removed on purpose: browsers are told to forget them.
CREATE TABLE removed_passkeys (
    credential_id BLOB NOT NULL PRIMARY KEY,
    person_id     TEXT NOT NULL REFERENCES people (id),
    removed       REAL NOT NULL
) STRICT;

ALTER TABLE invitations ADD COLUMN kind TEXT NOT NULL DEFAULT 'administrator';
ALTER TABLE invitations ADD COLUMN registered BLOB;
DROP INDEX one_open_invitation;
CREATE UNIQUE INDEX one_open_invitation ON invitations (person_id, kind) WHERE used IS NULL;

CREATE TABLE recovery_codes (
    person_id TEXT NOT NULL REFERENCES people (id),
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    created   REAL NOT NULL,
    used      REAL,
    PRIMARY KEY (person_id, code_hash)
) STRICT;

CREATE TABLE changes (
    number     INTEGER NOT NULL PRIMARY KEY,    -- in the order in which they were noted
    person_id  TEXT NOT NULL REFERENCES people (id),
    time       REAL NOT NULL,
    event      TEXT NOT NULL,
    subject    TEXT NOT NULL,
    address    TEXT NOT NULL,
    user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX changes_of_person ON changes (person_id, number);

-- A session from before was opened by a passkey with user verification, and not verified since.
ALTER TABLE sessions ADD COLUMN verified REAL NOT NULL DEFAULT 0.0;
ALTER TABLE sessions ADD COLUMN is_device_bound INTEGER NOT NULL DEFAULT 0
    CHECK (is_device_bound IN (0, 1));
UPDATE sessions SET
    verified = created,
    is_device_bound = EXISTS (
        SELECT 1 FROM passkeys
        WHERE passkeys.credential_id = sessions.credential_id AND NOT passkeys.is_synced
    );
CREATE INDEX sessions_of_passkey ON sessions (credential_id);
