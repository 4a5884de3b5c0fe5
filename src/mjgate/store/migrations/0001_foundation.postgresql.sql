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

-- The words of prompts, cut by us; no parser of the server's has a say in them.
CREATE TABLE search (
    rowid BIGINT PRIMARY KEY,
    words TEXT NOT NULL,
    terms TSVECTOR GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED
);
CREATE INDEX search_terms ON search USING gin (terms);
