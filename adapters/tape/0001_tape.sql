-- The tape: one table of facts, one row that is its head, and one function that writes both.
--
-- Owned by papertape_owner, who cannot log in.  The service's role reads facts, executes
-- es.append, and can change none of them; the triggers refuse even their owner.

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['papertape_owner', 'papertape_app'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- roles are the cluster's: another database was migrated at the same moment
        END;
        IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I', name, current_user);
            EXCEPTION WHEN insufficient_privilege THEN
                NULL;  -- then somebody else must have made it a member: SET ROLE below will tell
            END;
        END IF;
    END LOOP;
END $$;

CREATE SCHEMA IF NOT EXISTS es  AUTHORIZATION papertape_owner;
CREATE SCHEMA IF NOT EXISTS rm  AUTHORIZATION papertape_owner;
ALTER SCHEMA ops OWNER TO papertape_owner;  -- made by the migrator, for its own ledger

SET LOCAL ROLE papertape_owner;

CREATE TABLE es.event (
    position       bigint      PRIMARY KEY,
    stream         text        NOT NULL,
    version        integer     NOT NULL CHECK (version >= 0),
    type           text        NOT NULL,
    schema_version smallint    NOT NULL,
    payload        json        NOT NULL,  -- not jsonb: its text is hashed, so every byte must stay
    occurred_at    timestamptz NOT NULL,
    recorded_at    timestamptz NOT NULL,
    actor          text        NOT NULL,
    on_behalf_of   text,
    command_id     uuid        NOT NULL,
    correlation_id uuid        NOT NULL,
    causation_id   uuid,
    code           text        NOT NULL,
    hash           bytea       NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE UNIQUE INDEX event_stream_version ON es.event (stream, version);
CREATE INDEX event_correlation ON es.event (correlation_id);
CREATE INDEX event_command ON es.event (command_id);
CREATE INDEX event_recorded ON es.event USING brin (recorded_at);

CREATE TABLE es.head (
    id       boolean PRIMARY KEY DEFAULT true CHECK (id),
    position bigint  NOT NULL,
    hash     bytea   NOT NULL CHECK (octet_length(hash) = 32)
) WITH (fillfactor = 10);  -- room for the versions of its one row, so that no update leaves the page
INSERT INTO es.head (position, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE TABLE es.claim (
    key         bytea   PRIMARY KEY CHECK (octet_length(key) = 32),
    fingerprint bytea   NOT NULL CHECK (octet_length(fingerprint) = 32),
    position    bigint  NOT NULL,
    facts       integer NOT NULL
);

-- A shortcut to the state of a long stream: never evidence, and dropped at any time.
CREATE TABLE es.snapshot (
    stream      text    PRIMARY KEY,
    version     integer NOT NULL,
    fingerprint bytea   NOT NULL,
    state       json    NOT NULL
);

-- The only door.  `batch` is an array of rows in the order of the tape (keys: see adapters.tape.batch),
-- `digest` the hash of its last one.  The head moves by compare and swap, which makes positions
-- gapless in the order of commits and shuts out a writer who has not seen the newest fact.
CREATE FUNCTION es.append(
    batch json, facts integer, expected bigint, digest bytea, claims json DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reached bigint;
    stored integer;
BEGIN
    UPDATE es.head SET position = position + facts, hash = digest
        WHERE position = expected RETURNING position INTO reached;
    IF reached IS NULL THEN
        RAISE EXCEPTION 'head moved' USING ERRCODE = 'serialization_failure';
    END IF;
    INSERT INTO es.event
        SELECT expected + place, s, v, t, y, d, o, r, a, b, c, k, u, w, decode(h, 'hex')
        FROM ROWS FROM (json_to_recordset(batch) AS (
            s text, v integer, t text, y smallint, d json, o timestamptz, r timestamptz,
            a text, b text, c uuid, k uuid, u uuid, w text, h text
        )) WITH ORDINALITY AS row(s, v, t, y, d, o, r, a, b, c, k, u, w, h, place);
    GET DIAGNOSTICS stored = ROW_COUNT;
    IF stored <> facts
        OR NOT EXISTS (SELECT FROM es.event WHERE position = reached AND hash = digest)
    THEN
        RAISE EXCEPTION 'the batch is not what its digest says' USING ERRCODE = 'data_exception';
    END IF;
    IF claims IS NOT NULL THEN
        INSERT INTO es.claim
            SELECT decode(key, 'hex'), decode(fingerprint, 'hex'), expected + place, n
            FROM json_to_recordset(claims)
                AS claim(key text, fingerprint text, place bigint, n integer);
    END IF;
    PERFORM pg_notify('es_event', '');
    RETURN reached;
END $$;

CREATE FUNCTION es.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of %.%: the tape is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION es.only_append() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE callers text;
BEGIN
    GET DIAGNOSTICS callers = PG_CONTEXT;
    IF callers NOT LIKE '%function es.append(%' THEN
        RAISE EXCEPTION '% of es.head: it moves only with facts', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON es.event
    FOR EACH STATEMENT EXECUTE FUNCTION es.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON es.claim
    FOR EACH STATEMENT EXECUTE FUNCTION es.refuse();
CREATE TRIGGER append_only BEFORE INSERT OR DELETE OR TRUNCATE ON es.head
    FOR EACH STATEMENT EXECUTE FUNCTION es.refuse();
CREATE TRIGGER only_append BEFORE UPDATE ON es.head
    FOR EACH STATEMENT EXECUTE FUNCTION es.only_append();

-- ALWAYS: session_replication_role = replica does not get past them.
ALTER TABLE es.event ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE es.claim ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE es.head ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE es.head ENABLE ALWAYS TRIGGER only_append;

-- What an auditor reads.
CREATE VIEW es.audit AS
    SELECT position, recorded_at, occurred_at, stream, version, type, schema_version,
           actor, on_behalf_of, payload,
           command_id, correlation_id, causation_id, code, encode(hash, 'hex') AS hash
    FROM es.event;

-- Written to by the probe that asks whether Postgres can be written to.
CREATE TABLE ops.heartbeat (
    id boolean     PRIMARY KEY DEFAULT true CHECK (id),
    at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO ops.heartbeat DEFAULT VALUES;

REVOKE ALL ON FUNCTION es.append(json, integer, bigint, bytea, json) FROM PUBLIC;
GRANT USAGE ON SCHEMA es, ops TO papertape_app;
GRANT USAGE, CREATE ON SCHEMA rm TO papertape_app;
GRANT SELECT ON es.event, es.head, es.claim, es.audit TO papertape_app;
GRANT EXECUTE ON FUNCTION es.append(json, integer, bigint, bytea, json) TO papertape_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON es.snapshot TO papertape_app;
GRANT SELECT, UPDATE ON ops.heartbeat TO papertape_app;
-- Tables that later migrations put into ops.
ALTER DEFAULT PRIVILEGES IN SCHEMA ops
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO papertape_app;
