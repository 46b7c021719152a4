-- The record: orders, their timelines, the calls about them, the failures inbox. Beside it what is scheduling alone:
-- the work table, the shops, the store's own row. Every column beyond the plain ones has a default or may be NULL,
-- so that plain INSERTs of other programs keep working.
--
-- Times are TEXT, UTC, of fixed width with microseconds, so that they sort as they stand. Other programs may write
-- any form that SQLite itself reads as a time; beside each such column stands a generated one that shows it in the
-- fixed form, and what can't be read as a time is refused. The schema needs SQLite 3.38 in every program that opens it.

CREATE TABLE orders (
    -- In bytes, and without a NUL character.
    order_id TEXT NOT NULL PRIMARY KEY
        CHECK (length(CAST(order_id AS BLOB)) BETWEEN 1 AND 255 AND instr(order_id, char(0)) = 0),
    raw_order_data TEXT,
    created_at TEXT NOT NULL ON CONFLICT REPLACE DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    placed_at TEXT,
    -- When it was placed, or else first stored.
    listed_at TEXT GENERATED ALWAYS AS (CASE
        WHEN coalesce(placed_at, created_at) NOT GLOB '[0-9]*' OR coalesce(placed_at, created_at) GLOB '??:*' THEN NULL
        WHEN coalesce(placed_at, created_at) GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]Z'
            AND strftime('%Y-%m-%dT%H:%M:%S', substr(coalesce(placed_at, created_at), 1, 19), '+0 days') = substr(coalesce(placed_at, created_at), 1, 19) THEN coalesce(placed_at, created_at)
        ELSE strftime('%Y-%m-%dT%H:%M:%f000Z', coalesce(placed_at, created_at), 'auto', '+0 days')
    END) VIRTUAL,
    CONSTRAINT placed_at_is_a_time CHECK (coalesce(listed_at BETWEEN '0001-01-01' AND '9999-12-30T22', 0))
) STRICT;

-- Listings: newest first.
CREATE INDEX orders_by_listed_at ON orders (listed_at, order_id);

CREATE TABLE order_status_history (
    history_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (history_id > 0),
    order_id TEXT NOT NULL REFERENCES orders (order_id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    status TEXT NOT NULL CHECK (status <> ''),
    notes TEXT,
    "timestamp" TEXT NOT NULL ON CONFLICT REPLACE DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    -- NULL only inside of the statement that inserts a row of another program: a trigger fills it.
    version INTEGER CHECK (version > 0),
    source TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'external',
    actor TEXT,
    attempt INTEGER,
    retry_at TEXT,
    send_call_id INTEGER,
    look_call_id INTEGER,
    op_id TEXT,
    at_utc TEXT GENERATED ALWAYS AS (CASE
        WHEN "timestamp" NOT GLOB '[0-9]*' OR "timestamp" GLOB '??:*' THEN NULL
        WHEN "timestamp" GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]Z'
            AND strftime('%Y-%m-%dT%H:%M:%S', substr("timestamp", 1, 19), '+0 days') = substr("timestamp", 1, 19) THEN "timestamp"
        ELSE strftime('%Y-%m-%dT%H:%M:%f000Z', "timestamp", 'auto', '+0 days')
    END) VIRTUAL,
    retry_at_utc TEXT GENERATED ALWAYS AS (CASE
        WHEN retry_at NOT GLOB '[0-9]*' OR retry_at GLOB '??:*' THEN NULL
        WHEN retry_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]Z'
            AND strftime('%Y-%m-%dT%H:%M:%S', substr(retry_at, 1, 19), '+0 days') = substr(retry_at, 1, 19) THEN retry_at
        ELSE strftime('%Y-%m-%dT%H:%M:%f000Z', retry_at, 'auto', '+0 days')
    END) VIRTUAL,
    UNIQUE (order_id, version),
    CONSTRAINT timestamp_is_a_time CHECK (coalesce(at_utc BETWEEN '0001-01-01' AND '9999-12-30T22', 0)),
    CONSTRAINT retry_at_is_a_time CHECK (retry_at IS NULL OR coalesce(retry_at_utc BETWEEN '0001-01-01' AND '9999-12-30T22', 0))
) STRICT;

CREATE TABLE api_calls (
    call_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (call_id > 0),
    service TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    related_id TEXT,
    request_payload TEXT CHECK (request_payload IS NULL OR json_valid(request_payload)),
    response_body TEXT,
    status_code INTEGER,
    is_success INTEGER CHECK (is_success IN (0, 1)),
    "timestamp" TEXT NOT NULL ON CONFLICT REPLACE DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    fence INTEGER,
    answer_by TEXT,
    outcome TEXT CHECK (outcome IN ('answered', 'applied', 'refused', 'precondition', 'unknown', 'throttled',
                                    'credentials', 'not_sent', 'unanswered')),
    duration_ms INTEGER,
    op_id TEXT,
    at_utc TEXT GENERATED ALWAYS AS (CASE
        WHEN "timestamp" NOT GLOB '[0-9]*' OR "timestamp" GLOB '??:*' THEN NULL
        WHEN "timestamp" GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]Z'
            AND strftime('%Y-%m-%dT%H:%M:%S', substr("timestamp", 1, 19), '+0 days') = substr("timestamp", 1, 19) THEN "timestamp"
        ELSE strftime('%Y-%m-%dT%H:%M:%f000Z', "timestamp", 'auto', '+0 days')
    END) VIRTUAL,
    CONSTRAINT timestamp_is_a_time CHECK (coalesce(at_utc BETWEEN '0001-01-01' AND '9999-12-30T22', 0))
) STRICT;

CREATE INDEX api_calls_by_related_id ON api_calls (related_id, call_id) WHERE related_id IS NOT NULL;

-- No foreign key to orders: a listing is on record before its orders are.
CREATE TABLE call_orders (
    call_id INTEGER NOT NULL REFERENCES api_calls (call_id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    order_id TEXT NOT NULL,
    state TEXT,
    PRIMARY KEY (call_id, order_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_orders_by_order_id ON call_orders (order_id, call_id);

CREATE TABLE process_failures (
    failure_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (failure_id > 0),
    related_id TEXT,
    process_name TEXT NOT NULL,
    details TEXT,
    payload TEXT CHECK (payload IS NULL OR json_valid(payload)),
    "timestamp" TEXT NOT NULL ON CONFLICT REPLACE DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    cause TEXT,
    needs_person INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT 1 CHECK (needs_person IN (0, 1)),
    version INTEGER,
    op_id TEXT,
    resolved_at TEXT,
    resolved_by TEXT,
    resolution TEXT,
    at_utc TEXT GENERATED ALWAYS AS (CASE
        WHEN "timestamp" NOT GLOB '[0-9]*' OR "timestamp" GLOB '??:*' THEN NULL
        WHEN "timestamp" GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]Z'
            AND strftime('%Y-%m-%dT%H:%M:%S', substr("timestamp", 1, 19), '+0 days') = substr("timestamp", 1, 19) THEN "timestamp"
        ELSE strftime('%Y-%m-%dT%H:%M:%f000Z', "timestamp", 'auto', '+0 days')
    END) VIRTUAL,
    resolved_at_utc TEXT GENERATED ALWAYS AS (CASE
        WHEN resolved_at NOT GLOB '[0-9]*' OR resolved_at GLOB '??:*' THEN NULL
        WHEN resolved_at GLOB '????-??-??T??:??:??.[0-9][0-9][0-9][0-9][0-9][0-9]Z'
            AND strftime('%Y-%m-%dT%H:%M:%S', substr(resolved_at, 1, 19), '+0 days') = substr(resolved_at, 1, 19) THEN resolved_at
        ELSE strftime('%Y-%m-%dT%H:%M:%f000Z', resolved_at, 'auto', '+0 days')
    END) VIRTUAL,
    CONSTRAINT timestamp_is_a_time CHECK (coalesce(at_utc BETWEEN '0001-01-01' AND '9999-12-30T22', 0)),
    CONSTRAINT resolved_at_is_a_time CHECK (resolved_at IS NULL OR coalesce(resolved_at_utc BETWEEN '0001-01-01' AND '9999-12-30T22', 0))
) STRICT;

CREATE INDEX process_failures_by_related_id ON process_failures (related_id, failure_id) WHERE related_id IS NOT NULL;
CREATE INDEX process_failures_open ON process_failures (failure_id) WHERE resolved_at IS NULL;

-- One row for each order that has an entry.
CREATE TABLE order_work (
    order_id TEXT NOT NULL PRIMARY KEY REFERENCES orders (order_id) ON DELETE RESTRICT ON UPDATE RESTRICT,
    version INTEGER NOT NULL CHECK (version >= 0),
    status TEXT NOT NULL CHECK (status <> ''),
    status_at TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('ready', 'sending', 'validating', 'retry', 'unfiled', 'review', 'settled')),
    due_at TEXT,
    placed_at TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    looks INTEGER NOT NULL DEFAULT 0,
    waiting_looks INTEGER NOT NULL DEFAULT 0,
    slow_looks INTEGER NOT NULL DEFAULT 0,
    since_at TEXT NOT NULL,
    call_id INTEGER,
    call_open INTEGER NOT NULL DEFAULT 0 CHECK (call_open IN (0, 1)),
    decision TEXT,
    reason TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until TEXT,
    worker TEXT,
    unreleased_claims INTEGER NOT NULL DEFAULT 0,
    op_id TEXT
) STRICT;

-- What is pending, in the order of claims within each phase; its size is what is pending, whatever the history's. A
-- query has to repeat the condition to be answered from it.
CREATE INDEX order_work_pending ON order_work (phase, placed_at, order_id, due_at, lease_until) WHERE phase <> 'settled';
-- Finds again what a claim took whose answer was lost.
CREATE INDEX order_work_claimed ON order_work (op_id) WHERE lease_until IS NOT NULL;
-- Listings by status.
CREATE INDEX order_work_by_status ON order_work (status, placed_at, order_id);

CREATE TABLE shops (
    shop_key TEXT NOT NULL PRIMARY KEY CHECK (shop_key <> ''),
    paused_until TEXT,
    next_poll_at TEXT,
    unanswered_in_row INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The one row of the store itself. Fencing numbers begin at epoch * 2^32; a rebuild of the work table raises the epoch.
CREATE TABLE store_meta (
    only_row INTEGER NOT NULL PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    epoch INTEGER NOT NULL CHECK (epoch > 0)
) STRICT;

INSERT INTO store_meta (epoch) VALUES (1);
