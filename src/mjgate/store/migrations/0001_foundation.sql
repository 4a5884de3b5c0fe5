-- Everything the gateway keeps. Times are epoch milliseconds, money is integer quota units,
-- flags are 0 or 1, JSON is TEXT. Promises are named: a broken one says which it was.

CREATE TABLE groups (
    id IDENTITY,
    name TEXT NOT NULL,
    ratio BIGINT NOT NULL DEFAULT 1000,
    default_mode TEXT NOT NULL DEFAULT 'FAST',
    running BIGINT NOT NULL DEFAULT 0,
    max_running BIGINT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    CONSTRAINT a_group_runs_no_less_than_nothing CHECK (running >= 0),
    CONSTRAINT a_ratio_is_not_negative CHECK (ratio >= 0)
);
CREATE UNIQUE INDEX a_group_has_its_own_name ON groups (name) WHERE deleted_at IS NULL;

CREATE TABLE users (
    id IDENTITY,
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'enabled',
    group_id BIGINT NOT NULL,
    password_hash TEXT NOT NULL DEFAULT '',
    password_until BIGINT,
    access_hash TEXT NOT NULL,
    access_tail TEXT NOT NULL,
    access_until BIGINT,
    hook_secret_enc TEXT NOT NULL DEFAULT '',
    granted BIGINT NOT NULL DEFAULT 0,
    balance BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    spent BIGINT NOT NULL DEFAULT 0,
    running BIGINT NOT NULL DEFAULT 0,
    max_running BIGINT,
    max_waiting BIGINT NOT NULL DEFAULT 1000,
    max_windows BIGINT NOT NULL DEFAULT 20,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    purged_at BIGINT,
    CONSTRAINT a_role_is_admin_or_user CHECK (role IN ('admin', 'user')),
    CONSTRAINT a_user_is_enabled_or_disabled CHECK (status IN ('enabled', 'disabled')),
    CONSTRAINT a_balance_is_not_negative CHECK (balance >= 0),
    CONSTRAINT a_users_money_is_somewhere CHECK (granted = balance + held + spent),
    CONSTRAINT nobody_holds_less_than_nothing CHECK (held >= 0 AND spent >= 0),
    CONSTRAINT a_user_runs_no_less_than_nothing CHECK (running >= 0)
);
CREATE UNIQUE INDEX a_user_has_his_own_name ON users (username) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX an_access_token_opens_one_account ON users (access_hash);
CREATE INDEX users_to_forget ON users (id) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;

CREATE TABLE sessions (
    id_hash TEXT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_a_user ON sessions (user_id);
CREATE INDEX sessions_by_age ON sessions (created_at);

CREATE TABLE login_tries (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    failed_at BIGINT NOT NULL,
    open_at BIGINT NOT NULL
);
CREATE INDEX login_tries_by_age ON login_tries (failed_at);

CREATE TABLE tokens (
    id IDENTITY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL DEFAULT '',
    key_hash TEXT NOT NULL,
    key_tail TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'enabled',
    limited BIGINT NOT NULL DEFAULT 0,
    granted BIGINT NOT NULL DEFAULT 0,
    balance BIGINT NOT NULL DEFAULT 0,
    held BIGINT NOT NULL DEFAULT 0,
    spent BIGINT NOT NULL DEFAULT 0,
    running BIGINT NOT NULL DEFAULT 0,
    max_running BIGINT,
    actions TEXT NOT NULL DEFAULT '',
    modes TEXT NOT NULL DEFAULT '',
    ips TEXT NOT NULL DEFAULT '',
    default_mode TEXT,
    on_limit TEXT NOT NULL DEFAULT 'queue',
    sees TEXT NOT NULL DEFAULT 'user',
    fallback BIGINT NOT NULL DEFAULT 0,
    hook_url TEXT NOT NULL DEFAULT '',
    hook_secret_enc TEXT NOT NULL DEFAULT '',
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    CONSTRAINT a_key_is_enabled_or_disabled CHECK (status IN ('enabled', 'disabled')),
    CONSTRAINT a_keys_balance_is_not_negative CHECK (balance >= 0),
    CONSTRAINT a_limited_keys_money_is_somewhere CHECK (
        limited = 0 OR granted = balance + held + spent
    ),
    CONSTRAINT no_key_holds_less_than_nothing CHECK (held >= 0 AND spent >= 0),
    CONSTRAINT a_key_runs_no_less_than_nothing CHECK (running >= 0),
    CONSTRAINT a_full_limit_queues_or_rejects CHECK (on_limit IN ('queue', 'reject')),
    CONSTRAINT a_key_sees_its_user_or_its_own CHECK (sees IN ('user', 'own'))
);
CREATE UNIQUE INDEX a_key_opens_one_door ON tokens (key_hash);
CREATE INDEX tokens_of_a_user ON tokens (user_id);

CREATE TABLE prices (
    version IDENTITY,
    table_json TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE settings (
    version IDENTITY,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX settings_by_name ON settings (name, version);

CREATE TABLE audit (
    id IDENTITY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL DEFAULT '',
    after TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_of_a_subject ON audit (subject, id);

CREATE TABLE channels (
    id IDENTITY,
    instance_id TEXT NOT NULL,
    name TEXT NOT NULL,
    provider TEXT NOT NULL,
    base_url TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '{}',
    actions TEXT NOT NULL DEFAULT '',
    group_names TEXT NOT NULL DEFAULT '',
    priority BIGINT NOT NULL DEFAULT 0,
    weight BIGINT NOT NULL DEFAULT 1,
    status TEXT NOT NULL DEFAULT 'enabled',
    proxy_enc TEXT NOT NULL DEFAULT '',
    broken_until BIGINT NOT NULL DEFAULT 0,
    broken_times BIGINT NOT NULL DEFAULT 0,
    probe_at BIGINT NOT NULL DEFAULT 0,
    leaving BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    CONSTRAINT a_channel_is_enabled_disabled_or_draining CHECK (
        status IN ('enabled', 'disabled', 'draining')
    ),
    CONSTRAINT a_weight_is_positive CHECK (weight > 0)
);
CREATE UNIQUE INDEX a_channel_has_its_own_name ON channels (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX an_instance_id_names_one_channel ON channels (instance_id);

CREATE TABLE credentials (
    id IDENTITY,
    channel_id BIGINT NOT NULL REFERENCES channels (id),
    secret_enc TEXT NOT NULL,
    tail TEXT NOT NULL,
    key_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE INDEX credentials_of_a_channel ON credentials (channel_id);

CREATE TABLE channel_modes (
    channel_id BIGINT NOT NULL REFERENCES channels (id),
    mode TEXT NOT NULL,
    running BIGINT NOT NULL DEFAULT 0,
    waiting BIGINT NOT NULL DEFAULT 0,
    max_running BIGINT NOT NULL DEFAULT 10,
    max_waiting BIGINT NOT NULL DEFAULT 1000,
    submit_gap BIGINT NOT NULL DEFAULT 0,
    next_submit_at BIGINT NOT NULL DEFAULT 0,
    busy_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, mode),
    CONSTRAINT a_mode_is_fast_relax_or_turbo CHECK (mode IN ('FAST', 'RELAX', 'TURBO')),
    CONSTRAINT a_channel_runs_no_less_than_nothing CHECK (running >= 0)
);

CREATE TABLE tasks (
    id BIGINT PRIMARY KEY,
    job_uuid TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    token_id BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    bot TEXT NOT NULL,
    mode_wanted TEXT,
    mode TEXT NOT NULL,
    parent_id BIGINT,
    custom_id TEXT NOT NULL DEFAULT '',
    caller_state TEXT NOT NULL DEFAULT '',
    hook_url TEXT NOT NULL DEFAULT '',
    prompt TEXT NOT NULL DEFAULT '',
    price BIGINT NOT NULL,
    price_version BIGINT NOT NULL,
    request TEXT NOT NULL,
    submit_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    progress BIGINT NOT NULL DEFAULT 0,
    channel_id BIGINT,
    credential_id BIGINT,
    upstream_id TEXT NOT NULL DEFAULT '',
    lane TEXT NOT NULL DEFAULT '',
    turn BIGINT NOT NULL DEFAULT 0,
    hold_no BIGINT NOT NULL DEFAULT 0,
    hold_open BIGINT NOT NULL DEFAULT 0,
    quiet BIGINT NOT NULL DEFAULT 0,
    rescued BIGINT NOT NULL DEFAULT 0,
    cancel_wanted BIGINT NOT NULL DEFAULT 0,
    pinned BIGINT NOT NULL DEFAULT 0,
    confirmed BIGINT NOT NULL DEFAULT 0,
    announced BIGINT NOT NULL DEFAULT 0,
    result TEXT NOT NULL DEFAULT '{}',
    reason TEXT NOT NULL DEFAULT '',
    fail_text TEXT NOT NULL DEFAULT '',
    admin_text TEXT NOT NULL DEFAULT '',
    start_at BIGINT,
    finish_at BIGINT,
    lead_id BIGINT,
    settled BIGINT NOT NULL DEFAULT 0,
    refunded BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT a_state_is_one_of_ours CHECK (state IN (
        'QUEUED', 'SENDING', 'UNKNOWN', 'WINDOW', 'SUBMITTED', 'RUNNING',
        'SUCCESS', 'FAILURE', 'CANCELLED'
    )),
    CONSTRAINT a_final_task_has_an_end CHECK (
        (finish_at IS NOT NULL) = (state IN ('SUCCESS', 'FAILURE', 'CANCELLED'))
    ),
    CONSTRAINT a_final_task_holds_nothing CHECK (
        hold_open = 0 OR state NOT IN ('SUCCESS', 'FAILURE', 'CANCELLED')
    ),
    CONSTRAINT a_window_holds_nothing CHECK (hold_open = 0 OR state <> 'WINDOW'),
    CONSTRAINT work_in_hand_is_held CHECK (
        hold_open = 1
        OR state NOT IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SUBMITTED', 'RUNNING')
    ),
    CONSTRAINT progress_is_a_percentage CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT a_price_is_not_negative CHECK (price >= 0),
    CONSTRAINT a_request_is_small CHECK (length(request) <= 65536)
);
CREATE INDEX tasks_of_a_user ON tasks (user_id, id DESC);
CREATE INDEX tasks_of_a_user_by_state ON tasks (user_id, state, id DESC);
CREATE INDEX tasks_of_a_user_by_action ON tasks (user_id, action, id DESC, mode);
CREATE INDEX tasks_by_action ON tasks (action, id DESC, mode);
CREATE INDEX tasks_of_a_channel ON tasks (channel_id, id DESC);
CREATE INDEX tasks_open ON tasks (state, id DESC) WHERE finish_at IS NULL;
CREATE INDEX tasks_failed ON tasks (id DESC) WHERE state IN ('FAILURE', 'CANCELLED');
CREATE INDEX tasks_failed_of_a_user ON tasks (user_id, id DESC)
    WHERE state IN ('FAILURE', 'CANCELLED');
CREATE INDEX tasks_done ON tasks (channel_id, action, mode, id DESC)
    WHERE state = 'SUCCESS' AND rescued = 0 AND finish_at > start_at;
CREATE UNIQUE INDEX a_job_uuid_names_one_task ON tasks (job_uuid);
CREATE INDEX tasks_waiting ON tasks (lane, turn, id) WHERE state = 'QUEUED';
CREATE INDEX tasks_waiting_of_a_user ON tasks (lane, user_id, turn, id) WHERE state = 'QUEUED';
CREATE INDEX tasks_waiting_by_age ON tasks (id) WHERE state = 'QUEUED';
CREATE INDEX tasks_sending ON tasks (id) WHERE state = 'SENDING';
CREATE INDEX tasks_of_a_party ON tasks (lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX tasks_in_a_window ON tasks (user_id, id) WHERE state = 'WINDOW';

CREATE TABLE lanes (
    lane TEXT PRIMARY KEY,
    turn BIGINT NOT NULL
);

CREATE TABLE jobs (
    channel_id BIGINT NOT NULL,
    upstream_id TEXT NOT NULL,
    task_id BIGINT NOT NULL
);
CREATE UNIQUE INDEX an_upstream_job_has_one_task ON jobs (channel_id, upstream_id);
CREATE INDEX jobs_of_a_task ON jobs (task_id);

CREATE TABLE pressed_once (
    parent_id BIGINT NOT NULL,
    custom_id TEXT NOT NULL,
    caller_state TEXT NOT NULL,
    task_id BIGINT NOT NULL
);
CREATE UNIQUE INDEX an_upscale_is_pressed_once
    ON pressed_once (parent_id, custom_id, caller_state);

CREATE TABLE attempts (
    task_id BIGINT NOT NULL,
    no BIGINT NOT NULL,
    step TEXT NOT NULL DEFAULT 'submit',
    channel_id BIGINT NOT NULL,
    credential_id BIGINT NOT NULL,
    nonce TEXT NOT NULL,
    owner TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    sent_at BIGINT,
    answered_at BIGINT,
    outcome TEXT,
    hint_upstream_id TEXT NOT NULL DEFAULT '',
    late_at BIGINT,
    late_upstream_id TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (task_id, no),
    CONSTRAINT an_attempt_submits_or_confirms CHECK (step IN ('submit', 'modal'))
);
CREATE UNIQUE INDEX a_task_has_one_open_attempt ON attempts (task_id) WHERE outcome IS NULL;
CREATE INDEX attempts_by_nonce ON attempts (nonce);
CREATE INDEX attempts_open_of_an_owner ON attempts (owner) WHERE outcome IS NULL;

CREATE TABLE follow (
    task_id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    channel_id BIGINT NOT NULL,
    credential_id BIGINT NOT NULL,
    upstream_id TEXT NOT NULL DEFAULT '',
    due_at BIGINT NOT NULL,
    hasty_at BIGINT NOT NULL,
    looks BIGINT NOT NULL DEFAULT 0,
    misses BIGINT NOT NULL DEFAULT 0,
    since BIGINT NOT NULL,
    moved_at BIGINT NOT NULL,
    empty_since BIGINT,
    CONSTRAINT following_is_look_adopt_or_rescue CHECK (kind IN ('look', 'adopt', 'rescue'))
);
CREATE INDEX follow_due ON follow (channel_id, kind, due_at);

CREATE TABLE timers (
    task_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (task_id, kind)
);
CREATE INDEX timers_due ON timers (due_at);

CREATE TABLE events (
    task_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (task_id, seq)
);

CREATE TABLE ledger (
    id IDENTITY,
    task_id BIGINT,
    hold_no BIGINT,
    kind TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    token_id BIGINT,
    amount BIGINT NOT NULL,
    reference TEXT,
    at BIGINT NOT NULL,
    CONSTRAINT a_ledger_row_is_of_a_known_kind CHECK (
        kind IN ('hold', 'settle', 'release', 'refund', 'grant', 'adjust', 'carry')
    ),
    CONSTRAINT only_an_adjustment_may_be_negative CHECK (amount >= 0 OR kind IN ('adjust', 'carry'))
);
CREATE UNIQUE INDEX a_hold_is_made_settled_released_once
    ON ledger (task_id, hold_no, kind) WHERE task_id IS NOT NULL;
CREATE UNIQUE INDEX a_hold_ends_once
    ON ledger (task_id, hold_no) WHERE kind IN ('settle', 'release');
CREATE UNIQUE INDEX a_reference_is_used_once ON ledger (reference) WHERE reference IS NOT NULL;
CREATE INDEX ledger_refunds ON ledger (task_id) WHERE kind = 'refund';
CREATE INDEX ledger_besides_tasks ON ledger (kind, user_id, token_id) WHERE task_id IS NULL;
CREATE INDEX ledger_of_a_user ON ledger (user_id, id DESC);
CREATE INDEX ledger_of_a_key ON ledger (token_id, id DESC);

CREATE TABLE outbox (
    task_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    token_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    state TEXT NOT NULL,
    progress BIGINT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    fail_text TEXT NOT NULL DEFAULT '',
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'due',
    lease_until BIGINT NOT NULL DEFAULT 0,
    done_at BIGINT,
    PRIMARY KEY (task_id, seq, kind),
    CONSTRAINT a_hook_tells_submitted_status_progress_or_the_end CHECK (
        kind IN ('submitted', 'status', 'progress', 'final', 'asked')
    ),
    CONSTRAINT an_event_is_due_or_over CHECK (
        status IN ('due', 'paused', 'delivered', 'dead', 'dropped')
    ),
    CONSTRAINT what_is_over_has_an_end CHECK (
        (done_at IS NULL) = (status IN ('due', 'paused'))
    )
);
CREATE INDEX outbox_due ON outbox (endpoint, due_at) WHERE status = 'due';
CREATE INDEX outbox_of_a_user ON outbox (user_id, task_id DESC, seq DESC);
CREATE INDEX outbox_over ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE receivers (
    user_id BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    failing_since BIGINT,
    paused_at BIGINT,
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (user_id, endpoint),
    CONSTRAINT a_receiver_is_paused_for_a_reason CHECK (
        (paused_at IS NULL) = (reason = '') AND reason IN ('', 'gone', 'dead', 'owner')
    )
);

CREATE TABLE deliveries (
    id IDENTITY,
    task_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    took BIGINT NOT NULL,
    status BIGINT,
    error TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX deliveries_of_an_event ON deliveries (task_id, seq, id);

CREATE TABLE blobs (
    hash TEXT PRIMARY KEY,
    bytes BIGINT NOT NULL,
    type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);

CREATE TABLE media (
    task_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    n BIGINT NOT NULL,
    variant TEXT NOT NULL DEFAULT '',
    hash TEXT,
    source_url TEXT NOT NULL DEFAULT '',
    channel_id BIGINT,
    expires_at BIGINT,
    state TEXT NOT NULL DEFAULT 'due',
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    kept_at BIGINT,
    PRIMARY KEY (task_id, kind, n, variant),
    CONSTRAINT media_is_due_kept_lost_or_purged CHECK (
        state IN ('due', 'kept', 'lost', 'purged')
    ),
    CONSTRAINT what_is_kept_has_its_content CHECK ((hash IS NOT NULL) = (state = 'kept'))
);
CREATE INDEX media_due ON media (due_at) WHERE state = 'due';
CREATE INDEX media_ending ON media (expires_at) WHERE state = 'due' AND expires_at IS NOT NULL;
CREATE INDEX media_by_age ON media (kind, kept_at) WHERE state = 'kept';
CREATE INDEX media_of_a_blob ON media (hash) WHERE hash IS NOT NULL;

CREATE TABLE pins (
    task_id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    task_id BIGINT,
    status BIGINT,
    answer TEXT,
    owner TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX an_idempotency_key_is_used_once ON idempotency (scope, key);
CREATE INDEX idempotency_by_age ON idempotency (at);

CREATE TABLE tally_delta (
    id IDENTITY,
    task_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    mode TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    quota BIGINT NOT NULL,
    took BIGINT
);

-- By user (0: all of them) and day of submission (its first moment; 0: all days together).
CREATE TABLE tally (
    user_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    mode TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count BIGINT NOT NULL,
    quota BIGINT NOT NULL,
    PRIMARY KEY (user_id, day, channel_id, action, mode, outcome)
) WITHOUT ROWID;

-- How many successes took about so long: each bucket is a few per cent longer than the one before.
-- Of everybody's there are also lines for all channels (0), actions and modes ('') together.
CREATE TABLE tally_took (
    user_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    mode TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (user_id, day, channel_id, action, mode, bucket)
) WITHOUT ROWID;

-- Which tasks a process has changed, for those that share its SQLite file; soon dropped.
CREATE TABLE touched (
    id IDENTITY,
    author BIGINT NOT NULL,
    task_id BIGINT NOT NULL
);

CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    gone_at BIGINT,
    back_at BIGINT
);

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until BIGINT NOT NULL,
    fence BIGINT NOT NULL
);

CREATE TABLE alerts (
    name TEXT PRIMARY KEY,
    cause TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT NOT NULL,
    since BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    told_at BIGINT,
    due_at BIGINT NOT NULL,
    CONSTRAINT an_alert_is_open_over_or_quiet CHECK (state IN ('open', 'over', 'quiet'))
);

CREATE TABLE banned_words (
    id IDENTITY,
    word TEXT NOT NULL,
    plain TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX a_word_is_listed_once ON banned_words (plain);

CREATE TABLE installation (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    CONSTRAINT a_database_is_one_installation CHECK (id = 1)
);

CREATE TABLE keyring (
    id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    check_value TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    PRIMARY KEY (id, purpose)
);
