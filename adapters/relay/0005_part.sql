-- The parts that follow the tape say here, about once a second, how far they have come.

SET LOCAL ROLE papertape_owner;

CREATE TABLE ops.part (
    part        text             PRIMARY KEY,
    position    bigint           NOT NULL,
    lag_facts   bigint           NOT NULL,
    lag_seconds double precision NOT NULL,
    at          timestamptz      NOT NULL,
    detail      text             NOT NULL  -- what it is doing, in words
);
