-- Ledger and audit are written once. Pruning sets a flag row inside its own transaction.

CREATE TABLE pruning (allowed BIGINT PRIMARY KEY);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM pruning) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'check_violation',
        MESSAGE = TG_TABLE_NAME || '_is_append_only',
        CONSTRAINT = TG_TABLE_NAME || '_is_append_only';
END
$$;

CREATE TRIGGER ledger_is_written_once BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_is_written_once BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The words of prompts, cut by us; no parser of the server's has a say in them. The first says whose
-- it is. Spans of 1, 8 and 64 days are words too, alone and with whose it is (an id is microseconds).
-- Without a list of rows that are yet to be indexed, which every question would go through.
CREATE TABLE search (
    rowid BIGINT PRIMARY KEY,
    words TEXT NOT NULL,
    terms TSVECTOR GENERATED ALWAYS AS (array_to_tsvector(
        (string_to_array(words, ' '))[2:] || ARRAY[
            '¶1.' || CAST(rowid / 86400000000 AS TEXT),
            '¶8.' || CAST(rowid / 691200000000 AS TEXT),
            '¶64.' || CAST(rowid / 5529600000000 AS TEXT),
            '¶1.' || CAST(rowid / 86400000000 AS TEXT) || split_part(words, ' ', 1),
            '¶8.' || CAST(rowid / 691200000000 AS TEXT) || split_part(words, ' ', 1),
            '¶64.' || CAST(rowid / 5529600000000 AS TEXT) || split_part(words, ' ', 1)
        ]
    )) STORED
);
CREATE INDEX search_terms ON search USING gin (terms) WITH (fastupdate = off);
