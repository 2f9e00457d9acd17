-- How far each reaction has come: every fact up to this position has had its consequences.
-- A checkpoint is moved after the commands are answered, so a crash repeats and never skips.
SET LOCAL ROLE papertape_owner;

CREATE TABLE ops.reaction (
    name       text        PRIMARY KEY,
    position   bigint      NOT NULL CHECK (position >= 0),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
