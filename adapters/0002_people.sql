-- People: what names a person and lets them in.  Kept apart from the tape, so that it can be erased.

SET LOCAL ROLE papertape_owner;

-- Each person's own key, sealed.  Without it nothing that was sealed under it is ever read again,
-- wherever copies of that may be: to erase a person is to delete this row.
CREATE TABLE ops.person (
    user_id    uuid        PRIMARY KEY,
    sealed_key bytea       NOT NULL,
    since      timestamptz NOT NULL
);

CREATE TABLE ops.credential (
    user_id       uuid    PRIMARY KEY REFERENCES ops.person ON DELETE CASCADE,
    email_digest  bytea   NOT NULL UNIQUE CHECK (octet_length(email_digest) = 32),
    sealed_email  bytea   NOT NULL,
    password_hash text    NOT NULL,
    on_tape       boolean NOT NULL DEFAULT false  -- whether UserRegistered is known to be recorded
);

-- A session is begun by signing in; its refresh tokens follow each other, each good for one use.
CREATE TABLE ops.session (
    session_id uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES ops.person ON DELETE CASCADE,
    ends_at    timestamptz NOT NULL
);
CREATE INDEX session_of_user ON ops.session (user_id);

CREATE TABLE ops.refresh (
    digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    session_id uuid        NOT NULL REFERENCES ops.session ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX refresh_of_session ON ops.refresh (session_id);
