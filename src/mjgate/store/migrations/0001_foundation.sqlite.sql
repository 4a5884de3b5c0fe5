-- Ledger and audit are written once. Pruning sets a flag row inside its own transaction.

CREATE TABLE pruning (allowed INTEGER PRIMARY KEY) STRICT;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'ledger_is_append_only');
END;

CREATE TRIGGER ledger_is_not_deleted BEFORE DELETE ON ledger
WHEN NOT EXISTS (SELECT 1 FROM pruning)
BEGIN
    SELECT RAISE(ABORT, 'ledger_is_append_only');
END;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit_is_append_only');
END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM pruning)
BEGIN
    SELECT RAISE(ABORT, 'audit_is_append_only');
END;

-- The words of prompts, cut by us: a token is whatever stands between blanks.
CREATE VIRTUAL TABLE search USING fts5 (words, tokenize = 'ascii', detail = none, columnsize = 0);
