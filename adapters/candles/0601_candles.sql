-- Market data: candles, outside the tape, because anybody can make them again from the record of
-- the exchange.  The service reads them, and writes through md.keep and md.forget alone.

CREATE SCHEMA IF NOT EXISTS md AUTHORIZATION papertape_owner;

SET LOCAL ROLE papertape_owner;

-- `version` grows with every change of a symbol's candles; `reached` is the newest moment of the
-- market that was seen, by which one knows whether a candle is over.
CREATE TABLE md.series (
    symbol  text        PRIMARY KEY,
    version bigint      NOT NULL,
    reached timestamptz NOT NULL
);

-- Times that are the same for all candles of a session: `day` and `opens` are its date and its
-- opening, `part` is 0 before the session, 1 in it, 2 after it.
CREATE TABLE md.candle (
    symbol   text        NOT NULL,
    level    text        NOT NULL,  -- 1s, 1m or 1D
    begins   timestamptz NOT NULL,
    ends     timestamptz NOT NULL,
    day      date        NOT NULL,
    opens    timestamptz NOT NULL,
    part     smallint    NOT NULL,
    open     numeric     NOT NULL CHECK (open > 0),
    high     numeric     NOT NULL CHECK (high >= open AND high >= close),
    low      numeric     NOT NULL CHECK (low > 0 AND low <= open AND low <= close),
    close    numeric     NOT NULL,
    volume   numeric     NOT NULL CHECK (volume >= 0),
    turnover numeric     NOT NULL,
    trades   bigint      NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    source   text        NOT NULL,
    revision integer     NOT NULL DEFAULT 0,  -- how often it was told anew after it was over
    PRIMARY KEY (symbol, level, begins)
) PARTITION BY LIST (level);
CREATE TABLE md.candle_1s PARTITION OF md.candle FOR VALUES IN ('1s') PARTITION BY RANGE (begins);
CREATE TABLE md.candle_1m PARTITION OF md.candle FOR VALUES IN ('1m') PARTITION BY RANGE (begins);
CREATE TABLE md.candle_1d PARTITION OF md.candle FOR VALUES IN ('1D');

-- What changed a share's price without anybody trading: `ratio` new shares for one old, `amount`
-- of cash for one share.
CREATE TABLE md.action (
    symbol  text    NOT NULL,
    ex_date date    NOT NULL,
    ratio   numeric NOT NULL DEFAULT 1 CHECK (ratio > 0),
    amount  numeric NOT NULL DEFAULT 0 CHECK (amount >= 0),
    PRIMARY KEY (symbol, ex_date)
);

-- Seconds are kept by the day, minutes by the month.
CREATE FUNCTION md.provide(level text, begins timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    unit  text := CASE level WHEN '1s' THEN 'day' ELSE 'month' END;
    first timestamptz := date_trunc(unit, begins);
    name  text := 'candle_' || level || to_char(first, '_YYYYMMDD');
BEGIN
    IF to_regclass('md.' || quote_ident(name)) IS NULL THEN
        PERFORM pg_advisory_xact_lock(7236061);
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS md.%I PARTITION OF md.%I FOR VALUES FROM (%L) TO (%L)',
            name, 'candle_' || level, first, first + ('1 ' || unit)::interval);
        EXECUTE format('GRANT SELECT ON md.%I TO papertape_app', name);
    END IF;
END $$;

-- Write candles, new or told anew, of any number of symbols; returns how many were news.
CREATE FUNCTION md.keep(candles json, reached timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    told bigint;
BEGIN
    PERFORM md.provide(l, b) FROM (
        SELECT DISTINCT l, date_trunc(CASE l WHEN '1s' THEN 'day' ELSE 'month' END, b) AS b
        FROM json_to_recordset(candles) AS c(l text, b timestamptz) WHERE l <> '1D') AS needed;
    WITH given AS (
        SELECT * FROM json_to_recordset(candles) AS c(
            s text, l text, b timestamptz, e timestamptz, d date, x timestamptz, p smallint,
            o numeric, h numeric, w numeric, c numeric, v numeric, t numeric, n bigint,
            f timestamptz, z timestamptz, u text)
    ), kept AS (
        INSERT INTO md.candle AS old
        SELECT s, l, b, e, d, x, p, o, h, w, c, v, t, n, f, z, u FROM given
        ON CONFLICT (symbol, level, begins) DO UPDATE SET
            ends = excluded.ends, day = excluded.day, opens = excluded.opens,
            part = excluded.part, open = excluded.open, high = excluded.high,
            low = excluded.low, close = excluded.close, volume = excluded.volume,
            turnover = excluded.turnover, trades = excluded.trades,
            first_at = excluded.first_at, last_at = excluded.last_at, source = excluded.source,
            revision = old.revision + CASE WHEN old.ends <= keep.reached THEN 1 ELSE 0 END
        WHERE (old.open, old.high, old.low, old.close, old.volume, old.trades)
            IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close,
                              excluded.volume, excluded.trades)
        RETURNING symbol
    ), versions AS (
        INSERT INTO md.series AS old SELECT DISTINCT s, 1, keep.reached FROM given
        ON CONFLICT (symbol) DO UPDATE SET
            version = old.version + 1, reached = greatest(old.reached, excluded.reached)
    )
    SELECT count(*) INTO told FROM kept;
    RETURN told;
END $$;

-- Tell what changed prices; the candles of these symbols look different when adjusted.
CREATE FUNCTION md.keep_actions(actions json) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told bigint;
BEGIN
    WITH given AS (
        SELECT * FROM json_to_recordset(actions) AS a(
            symbol text, ex_date date, ratio numeric, amount numeric)
    ), kept AS (
        INSERT INTO md.action SELECT symbol, ex_date, ratio, amount FROM given
        ON CONFLICT (symbol, ex_date)
            DO UPDATE SET ratio = excluded.ratio, amount = excluded.amount
        RETURNING symbol
    ), versions AS (
        UPDATE md.series SET version = version + 1
        WHERE symbol IN (SELECT symbol FROM given)
    )
    SELECT count(*) INTO told FROM kept;
    RETURN told;
END $$;

-- Drop the partitions of a level that end before this moment; returns their names.
CREATE FUNCTION md.forget(level text, before timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    unit interval := CASE level WHEN '1s' THEN interval '1 day' ELSE interval '1 month' END;
    name text;
BEGIN
    IF level NOT IN ('1s', '1m') THEN
        RETURN;
    END IF;
    FOR name IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = ('md.candle_' || level)::regclass
            AND to_timestamp(right(relname, 8), 'YYYYMMDD') + unit <= before
        ORDER BY relname
    LOOP
        EXECUTE format('DROP TABLE md.%I', name);
        RETURN NEXT name;
    END LOOP;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA md FROM PUBLIC;
GRANT USAGE ON SCHEMA md TO papertape_app;
GRANT SELECT ON ALL TABLES IN SCHEMA md TO papertape_app;
GRANT EXECUTE ON FUNCTION md.keep(json, timestamptz), md.keep_actions(json),
    md.forget(text, timestamptz) TO papertape_app;
