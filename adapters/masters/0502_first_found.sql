-- What is found first: indices, shares and futures, of which there are few beside their options.

SET LOCAL ROLE papertape_owner;

CREATE INDEX instrument_first_symbol ON ref.instrument (symbol text_pattern_ops) WHERE rank < 3;
CREATE INDEX instrument_first_words ON ref.instrument USING gin (words) WITH (fastupdate = off)
 WHERE rank < 3;
