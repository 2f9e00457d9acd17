-- Letters to people: what follows from which fact, and whether it has gone out.  What stands in
-- one is made when it is sent or shown; neither an address nor a code is kept here.
SET LOCAL ROLE papertape_owner;

CREATE TABLE ops.letter (
    position     bigint      PRIMARY KEY,  -- of the fact, so that none goes out twice for one
    user_id      uuid        NOT NULL REFERENCES ops.person ON DELETE CASCADE,
    kind         text        NOT NULL,
    challenge_id uuid,
    made_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    due_at       timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    sent_at      timestamptz,
    given_up     boolean     NOT NULL DEFAULT false
);
CREATE INDEX letter_due ON ops.letter (due_at) WHERE sent_at IS NULL AND NOT given_up;
