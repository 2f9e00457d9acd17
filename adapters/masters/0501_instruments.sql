-- Instruments as the brokers list them: reference data, of which the tape keeps hash and digest.

CREATE SCHEMA IF NOT EXISTS ref AUTHORIZATION papertape_owner;

-- Where the server has it, mistyped words are found by their trigrams; else by their neighbours.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;

SET LOCAL ROLE papertape_owner;

CREATE TABLE ref.import (
    import_id   uuid        PRIMARY KEY,
    broker      text        NOT NULL,
    file        text        NOT NULL,
    sha256      text        NOT NULL,
    size        bigint      NOT NULL,
    kept        integer     NOT NULL,
    flaws       json        NOT NULL,  -- rows left out, by reason
    differences json        NOT NULL,  -- by kind
    digest      text        NOT NULL,  -- of the differences in their order
    imported_at timestamptz NOT NULL
);
CREATE INDEX import_broker ON ref.import (broker, imported_at);

-- An instrument by our own name; its terms are those of the broker that listed it first.
CREATE TABLE ref.instrument (
    id            bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instrument_id uuid     NOT NULL UNIQUE,
    symbol        text     NOT NULL,
    exchange      text     NOT NULL,
    type          text     NOT NULL,
    rank          smallint NOT NULL,  -- in a list: indices and shares before futures before options
    name          text     NOT NULL,
    underlying    text,
    expiry        date,
    strike        numeric,
    isin          text,
    terms         json     NOT NULL,  -- the whole instrument
    status        text     NOT NULL DEFAULT 'ACTIVE',
    source        text     NOT NULL,
    words         text[]   NOT NULL
);
CREATE INDEX instrument_symbol ON ref.instrument (symbol text_pattern_ops);
CREATE INDEX instrument_order ON ref.instrument (rank, symbol, id);
CREATE INDEX instrument_isin ON ref.instrument (isin) WHERE isin IS NOT NULL;
CREATE INDEX instrument_chain ON ref.instrument (underlying, expiry) WHERE underlying IS NOT NULL;
CREATE INDEX instrument_words ON ref.instrument USING gin (words) WITH (fastupdate = off);

-- What a broker calls it, and on which terms that broker lists it.
CREATE TABLE ref.listing (
    broker         text    NOT NULL,
    instrument_id  uuid    NOT NULL REFERENCES ref.instrument (instrument_id),
    key            text    NOT NULL,
    symbol         text    NOT NULL,
    exchange_token text,
    terms          json    NOT NULL,
    status         text    NOT NULL,
    PRIMARY KEY (broker, instrument_id)
);
CREATE INDEX listing_instrument ON ref.listing (instrument_id);
CREATE INDEX listing_key ON ref.listing (broker, key);

CREATE TABLE ref.difference (
    import_id     uuid NOT NULL REFERENCES ref.import,
    instrument_id uuid NOT NULL REFERENCES ref.instrument (instrument_id),
    kind          text NOT NULL CHECK (kind IN ('LISTED', 'CHANGED', 'SUSPENDED', 'EXPIRED')),
    before        json,
    after         json,
    PRIMARY KEY (import_id, instrument_id)
);

-- The words that instruments are found by, each with itself less one letter, at every place.
CREATE TABLE ref.word (
    word       text   PRIMARY KEY,
    neighbours text[] NOT NULL
);
CREATE INDEX word_prefix ON ref.word (word text_pattern_ops);
CREATE INDEX word_neighbours ON ref.word USING gin (neighbours) WITH (fastupdate = off);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX word_trigrams ON ref.word USING gin (word public.gin_trgm_ops);
    END IF;
END $$;

GRANT USAGE ON SCHEMA ref TO papertape_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ref TO papertape_app;
