-- The doors: devices that people sign in from, attempts to sign in, keys for programs.

SET LOCAL ROLE papertape_owner;

-- What a person is shown of a session, to tell which of them to end.  An address and a device
-- are kept as keyed digests.
ALTER TABLE ops.session
    ADD COLUMN began_at  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN used_at   timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN auth_time timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN methods   text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN agent     text        NOT NULL DEFAULT '' CHECK (length(agent) <= 200),
    ADD COLUMN ip_hash   text        NOT NULL DEFAULT '',
    ADD COLUMN device    text;  -- none for a program that names no device

-- Where somebody has signed in before: attempts of strangers do not shut them out there.
CREATE TABLE ops.device (
    user_id uuid        NOT NULL REFERENCES ops.person ON DELETE CASCADE,
    device  text        NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, device)
);

-- Attempts to prove who one is, by a digest of what they were made with or on.  Nothing here
-- outlives a crash that matters: unlogged.
CREATE UNLOGGED TABLE ops.attempt (
    key      text        PRIMARY KEY,
    free     integer     NOT NULL,  -- that many without a delay
    most_s   integer     NOT NULL,  -- the longest delay, in seconds
    failures integer     NOT NULL,
    last_at  timestamptz NOT NULL,
    until    timestamptz NOT NULL
);
CREATE INDEX attempt_last ON ops.attempt (last_at);

CREATE TABLE ops.api_key (
    key_id     uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES ops.person ON DELETE CASCADE,
    digest     bytea       NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    label      text        NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    hint       text        NOT NULL,  -- its last characters, to tell one from another
    scopes     text[]      NOT NULL,
    networks   cidr[]      NOT NULL DEFAULT '{}',
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX api_key_of_user ON ops.api_key (user_id);
