-- What the database itself holds up: nothing on record is rewritten or removed, and an entry that another program
-- appends is the order's status from the moment it is inserted.
--
-- INSERT OR REPLACE and upserts remove or rewrite a row without the triggers for that (recursive_triggers is off by
-- default), so an INSERT under a key that is taken is refused before it can (in orders, once it has).

CREATE TRIGGER orders_keep_rows BEFORE DELETE ON orders
BEGIN
    SELECT RAISE(ABORT, 'orders is append-only: an order stays as it was stored');
END;

-- A row that another program stored without it may be told once when the order was placed.
CREATE TRIGGER orders_keep BEFORE UPDATE ON orders
WHEN OLD.order_id IS NOT NEW.order_id
    OR OLD.raw_order_data IS NOT NEW.raw_order_data
    OR OLD.created_at IS NOT NEW.created_at
    OR OLD.placed_at IS NOT NULL
    OR NEW.placed_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'orders is append-only: an order stays as it was stored');
END;

-- Other programs store orders with INSERT OR IGNORE or ON CONFLICT DO NOTHING: under an order_id that is taken those must
-- pass and do nothing. What sort of INSERT it is can't be seen before it; that a row went in after all, in the place of one
-- that was there, can be seen after it.
CREATE TABLE orders_met_again (
    order_id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER orders_insert BEFORE INSERT ON orders
WHEN EXISTS (SELECT 1 FROM orders WHERE order_id = NEW.order_id)
BEGIN
    INSERT INTO orders_met_again (order_id)
    SELECT NEW.order_id WHERE NOT EXISTS (SELECT 1 FROM orders_met_again WHERE order_id = NEW.order_id);
END;

CREATE TRIGGER orders_inserted AFTER INSERT ON orders
WHEN EXISTS (SELECT 1 FROM orders_met_again WHERE order_id = NEW.order_id)
BEGIN
    SELECT RAISE(ABORT, 'orders is append-only: this order is stored already and stays as it was stored');
END;

CREATE TRIGGER call_orders_keep_rows BEFORE DELETE ON call_orders
BEGIN
    SELECT RAISE(ABORT, 'call_orders is append-only: what a call showed stays as it was seen');
END;

CREATE TRIGGER call_orders_keep BEFORE UPDATE ON call_orders
BEGIN
    SELECT RAISE(ABORT, 'call_orders is append-only: what a call showed stays as it was seen');
END;

CREATE TRIGGER call_orders_insert BEFORE INSERT ON call_orders
WHEN EXISTS (SELECT 1 FROM call_orders WHERE call_id = NEW.call_id AND order_id = NEW.order_id)
BEGIN
    SELECT RAISE(ABORT, 'call_orders is append-only: what a call showed stays as it was seen');
END;

-- A call is completed in place: each part of its end is filled once, and nothing after its outcome, save the answer
-- to a call that was closed as unanswered.
CREATE TRIGGER api_calls_keep_rows BEFORE DELETE ON api_calls
BEGIN
    SELECT RAISE(ABORT, 'api_calls is append-only: a call is completed once and stays as it was recorded');
END;

CREATE TRIGGER api_calls_keep BEFORE UPDATE ON api_calls
WHEN OLD.call_id IS NOT NEW.call_id
    OR OLD.service IS NOT NEW.service
    OR OLD.endpoint IS NOT NEW.endpoint
    OR OLD.related_id IS NOT NEW.related_id
    OR OLD.request_payload IS NOT NEW.request_payload
    OR OLD."timestamp" IS NOT NEW."timestamp"
    OR OLD.fence IS NOT NEW.fence
    OR OLD.answer_by IS NOT NEW.answer_by
    OR OLD.op_id IS NOT NEW.op_id
    OR (OLD.response_body IS NOT NULL AND OLD.response_body IS NOT NEW.response_body)
    OR (OLD.status_code IS NOT NULL AND OLD.status_code IS NOT NEW.status_code)
    OR (OLD.is_success IS NOT NULL AND OLD.is_success IS NOT NEW.is_success)
    OR (OLD.outcome IS NOT NULL AND OLD.outcome IS NOT NEW.outcome)
    OR (OLD.duration_ms IS NOT NULL AND OLD.duration_ms IS NOT NEW.duration_ms)
    OR (OLD.outcome IS NOT NULL AND OLD.outcome <> 'unanswered')
BEGIN
    SELECT RAISE(ABORT, 'api_calls is append-only: a call is completed once and stays as it was recorded');
END;

CREATE TRIGGER api_calls_insert BEFORE INSERT ON api_calls
WHEN EXISTS (SELECT 1 FROM api_calls WHERE call_id = NEW.call_id)
BEGIN
    SELECT RAISE(ABORT, 'api_calls is append-only: this call_id is taken');
END;

-- A failure is resolved once.
CREATE TRIGGER process_failures_keep_rows BEFORE DELETE ON process_failures
BEGIN
    SELECT RAISE(ABORT, 'process_failures is append-only: an entry is resolved once and stays as it was written');
END;

CREATE TRIGGER process_failures_keep BEFORE UPDATE ON process_failures
WHEN OLD.failure_id IS NOT NEW.failure_id
    OR OLD.related_id IS NOT NEW.related_id
    OR OLD.process_name IS NOT NEW.process_name
    OR OLD.details IS NOT NEW.details
    OR OLD.payload IS NOT NEW.payload
    OR OLD."timestamp" IS NOT NEW."timestamp"
    OR OLD.cause IS NOT NEW.cause
    OR OLD.needs_person IS NOT NEW.needs_person
    OR OLD.version IS NOT NEW.version
    OR OLD.op_id IS NOT NEW.op_id
    OR OLD.resolved_at IS NOT NULL
    OR NEW.resolved_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'process_failures is append-only: an entry is resolved once and stays as it was written');
END;

CREATE TRIGGER process_failures_insert BEFORE INSERT ON process_failures
WHEN EXISTS (SELECT 1 FROM process_failures WHERE failure_id = NEW.failure_id)
BEGIN
    SELECT RAISE(ABORT, 'process_failures is append-only: this failure_id is taken');
END;

CREATE TRIGGER order_status_history_keep_rows BEFORE DELETE ON order_status_history
BEGIN
    SELECT RAISE(ABORT, 'order_status_history is append-only: add a new entry instead');
END;

-- The one exception: the number of an entry by another program, filled in by the trigger below. Only there is the
-- work row a number ahead of the timeline.
CREATE TRIGGER order_status_history_keep BEFORE UPDATE ON order_status_history
WHEN OLD.history_id IS NOT NEW.history_id
    OR OLD.order_id IS NOT NEW.order_id
    OR OLD.status IS NOT NEW.status
    OR OLD.notes IS NOT NEW.notes
    OR OLD."timestamp" IS NOT NEW."timestamp"
    OR OLD.source IS NOT NEW.source
    OR OLD.actor IS NOT NEW.actor
    OR OLD.attempt IS NOT NEW.attempt
    OR OLD.retry_at IS NOT NEW.retry_at
    OR OLD.send_call_id IS NOT NEW.send_call_id
    OR OLD.look_call_id IS NOT NEW.look_call_id
    OR OLD.source = 'ackord'
    OR NEW.op_id IS NOT NULL
    OR NEW.version IS NOT (SELECT version FROM order_work WHERE order_id = NEW.order_id)
    OR (OLD.version IS NOT NULL AND NEW.version IS OLD.version AND OLD.op_id IS NULL)
    OR EXISTS (
        SELECT 1 FROM order_status_history
        WHERE order_id = NEW.order_id AND version = NEW.version AND history_id <> NEW.history_id
    )
BEGIN
    SELECT RAISE(ABORT, 'order_status_history is append-only: add a new entry instead');
END;

-- Foreign keys may be off in another program's connection, so the order is asked for here.
CREATE TRIGGER order_status_history_insert BEFORE INSERT ON order_status_history
BEGIN
    SELECT RAISE(ABORT, 'order_status_history: no such order is stored: insert it into orders first')
    WHERE NOT EXISTS (SELECT 1 FROM orders WHERE order_id = NEW.order_id);
    SELECT RAISE(ABORT, 'order_status_history is append-only: this history_id is taken')
    WHERE EXISTS (SELECT 1 FROM order_status_history WHERE history_id = NEW.history_id);
    SELECT RAISE(ABORT, 'order_status_history is append-only: this version is taken: leave version out')
    WHERE EXISTS (SELECT 1 FROM order_status_history WHERE order_id = NEW.order_id AND version = NEW.version);
    SELECT RAISE(ABORT, 'order_status_history: an entry with source ''ackord'' is written by Ackord alone: leave source out')
    WHERE NEW.source = 'ackord'
        AND NEW.version IS NOT (SELECT version FROM order_work WHERE order_id = NEW.order_id);
END;

-- An entry of another program: the work row takes it over, then gives it its number. The phases are those of the
-- domain's `Phase::after_foreign_entry`. A decision and a call that stand undecided are kept; a lease ends, and its
-- fencing number stays taken.
CREATE TRIGGER order_status_history_foreign AFTER INSERT ON order_status_history
WHEN NEW.source <> 'ackord'
BEGIN
    INSERT INTO order_work (order_id, version, status, status_at, phase, placed_at, since_at)
    SELECT
        o.order_id,
        (SELECT coalesce(max(version), 0) FROM order_status_history
         WHERE order_id = NEW.order_id AND history_id <> NEW.history_id),
        NEW.status, NEW.at_utc, 'settled', o.listed_at, NEW.at_utc
    FROM orders o
    WHERE o.order_id = NEW.order_id AND NOT EXISTS (SELECT 1 FROM order_work WHERE order_id = NEW.order_id);

    UPDATE order_work SET
        version = version + 1,
        status = NEW.status,
        status_at = NEW.at_utc,
        phase = CASE NEW.status
            WHEN 'pending_acceptance' THEN CASE WHEN phase IN ('sending', 'validating') THEN phase ELSE 'ready' END
            WHEN 'acceptance_failed' THEN CASE WHEN NEW.retry_at IS NULL THEN 'unfiled' ELSE 'retry' END
            ELSE 'settled'
        END,
        due_at = CASE NEW.status
            WHEN 'pending_acceptance' THEN strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
            WHEN 'acceptance_failed' THEN coalesce(NEW.retry_at_utc, strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
        END,
        attempt = CASE NEW.status WHEN 'pending_acceptance' THEN 1 ELSE attempt END,
        looks = CASE NEW.status WHEN 'pending_acceptance' THEN 0 ELSE looks END,
        waiting_looks = CASE NEW.status WHEN 'pending_acceptance' THEN 0 ELSE waiting_looks END,
        slow_looks = CASE NEW.status WHEN 'pending_acceptance' THEN 0 ELSE slow_looks END,
        since_at = CASE NEW.status WHEN 'pending_acceptance' THEN strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') ELSE since_at END,
        lease_until = NULL,
        worker = NULL,
        unreleased_claims = 0,
        op_id = NULL
    WHERE order_id = NEW.order_id;

    UPDATE order_status_history
    SET version = (SELECT version FROM order_work WHERE order_id = NEW.order_id), op_id = NULL
    WHERE history_id = NEW.history_id
        AND (version IS NOT (SELECT version FROM order_work WHERE order_id = NEW.order_id) OR op_id IS NOT NULL);
END;
