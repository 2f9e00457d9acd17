-- The vault: secrets of others that we must be able to read again, such as keys to a broker.
SET LOCAL ROLE papertape_owner;

-- Under which master key a person's own key is sealed; 0 is the one that 0002 knew.
ALTER TABLE ops.person ADD COLUMN key_version integer NOT NULL DEFAULT 0;
CREATE INDEX person_by_key_version ON ops.person (key_version);

-- Each secret is sealed under a key of its own, and that key under a master key.  Both seals are
-- bound to owner, record and name: a row that is copied elsewhere does not open.
CREATE TABLE ops.secret (
    secret_id   uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES ops.person ON DELETE CASCADE,
    name        text        NOT NULL,
    key_version integer     NOT NULL,
    sealed_key  bytea       NOT NULL,
    sealed      bytea       NOT NULL,
    since       timestamptz NOT NULL,
    UNIQUE (user_id, name)
);
CREATE INDEX secret_by_key_version ON ops.secret (key_version);
