-- Small tables with one promise of each kind; "; TEXT" in a comment means nothing.

CREATE TABLE accounts (
    id IDENTITY,
    name TEXT NOT NULL,
    balance BIGINT NOT NULL CONSTRAINT a_balance_is_never_negative CHECK (balance >= 0),
    badge TEXT,
    picture BYTES
) STRICT;

CREATE UNIQUE INDEX a_name_is_taken_once ON accounts (name);
CREATE UNIQUE INDEX a_badge_is_worn_by_one ON accounts (badge) WHERE badge IS NOT NULL;

CREATE TABLE payments (
    account_id BIGINT NOT NULL,
    no BIGINT NOT NULL,
    reference TEXT,
    note TEXT NOT NULL DEFAULT 'TEXT; BYTES',
    PRIMARY KEY (account_id, no)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX a_reference_has_one_spelling ON payments (lower(reference));
CREATE UNIQUE INDEX a_reference_is_used_once_by_each ON payments (account_id, reference);
