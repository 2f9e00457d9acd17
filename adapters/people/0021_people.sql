-- People, further: names to sign in by, proofs of who they are, and letters to them.
SET LOCAL ROLE papertape_owner;

ALTER TABLE ops.credential
    ADD COLUMN username_digest bytea UNIQUE CHECK (octet_length(username_digest) = 32),
    ADD COLUMN sealed_username bytea,
    ADD COLUMN verified        boolean NOT NULL DEFAULT false,
    ALTER COLUMN password_hash DROP NOT NULL;  -- of whoever signs in in other ways only

-- Who vouches for a person; the subject is theirs, and stands here as a keyed digest.
CREATE TABLE ops.vouched (
    issuer         text  NOT NULL,
    subject_digest bytea NOT NULL CHECK (octet_length(subject_digest) = 32),
    user_id        uuid  NOT NULL REFERENCES ops.person ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject_digest),
    UNIQUE (user_id, issuer)
);

-- Something a person was sent, or asked for, and proves by telling it again: once, a few times
-- tried, not for long.  Codes are not here: they follow from the id and a key in a file.  A
-- challenge of nobody (an address we do not know) is there so that it takes as long to refuse.
CREATE TABLE ops.challenge (
    challenge_id uuid        PRIMARY KEY,
    purpose      text        NOT NULL,
    user_id      uuid        REFERENCES ops.person ON DELETE CASCADE,
    about        bytea,
    made_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    used_at      timestamptz
);
CREATE INDEX challenge_of_user ON ops.challenge (user_id, purpose, made_at);
CREATE INDEX challenge_over ON ops.challenge (expires_at);

-- Authenticators (RFC 6238), and the codes for the day on which one is lost, as keyed digests.
CREATE TABLE ops.totp (
    user_id       uuid    PRIMARY KEY REFERENCES ops.person ON DELETE CASCADE,
    sealed_secret bytea   NOT NULL,
    enabled       boolean NOT NULL DEFAULT false,
    last_step     bigint  NOT NULL DEFAULT 0  -- no code is taken twice
);
CREATE TABLE ops.recovery (
    user_id uuid  NOT NULL REFERENCES ops.person ON DELETE CASCADE,
    digest  bytea NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (user_id, digest)
);
