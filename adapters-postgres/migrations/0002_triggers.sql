-- What the database itself holds up: nothing on record is rewritten or removed, and an entry that another program
-- appends is the order's status from the moment it is inserted.

CREATE FUNCTION ackord_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: %', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'restrict_violation';
END
$$;

-- A row that another program stored without it may be told once when the order was placed.
CREATE TRIGGER orders_keep BEFORE UPDATE ON orders FOR EACH ROW
    WHEN (
        (OLD.order_id, OLD.raw_order_data, OLD.created_at) IS DISTINCT FROM (NEW.order_id, NEW.raw_order_data, NEW.created_at)
        OR OLD.placed_at IS NOT NULL
        OR NEW.placed_at IS NULL
    )
    EXECUTE FUNCTION ackord_refuse('an order stays as it was stored');
CREATE TRIGGER orders_keep_rows BEFORE DELETE ON orders FOR EACH ROW
    EXECUTE FUNCTION ackord_refuse('an order stays as it was stored');
CREATE TRIGGER orders_keep_all BEFORE TRUNCATE ON orders FOR EACH STATEMENT
    EXECUTE FUNCTION ackord_refuse('an order stays as it was stored');

CREATE TRIGGER order_status_history_keep BEFORE UPDATE OR DELETE ON order_status_history FOR EACH ROW
    EXECUTE FUNCTION ackord_refuse('add a new entry instead');
CREATE TRIGGER order_status_history_keep_all BEFORE TRUNCATE ON order_status_history FOR EACH STATEMENT
    EXECUTE FUNCTION ackord_refuse('add a new entry instead');

CREATE TRIGGER call_orders_keep BEFORE UPDATE OR DELETE ON call_orders FOR EACH ROW
    EXECUTE FUNCTION ackord_refuse('what a call showed stays as it was seen');
CREATE TRIGGER call_orders_keep_all BEFORE TRUNCATE ON call_orders FOR EACH STATEMENT
    EXECUTE FUNCTION ackord_refuse('what a call showed stays as it was seen');

-- A call is completed in place: each part of its end is filled once.
CREATE TRIGGER api_calls_keep BEFORE UPDATE ON api_calls FOR EACH ROW
    WHEN (
        (OLD.call_id, OLD.service, OLD.endpoint, OLD.related_id, OLD.request_payload, OLD."timestamp", OLD.fence, OLD.answer_by, OLD.op_id)
        IS DISTINCT FROM
        (NEW.call_id, NEW.service, NEW.endpoint, NEW.related_id, NEW.request_payload, NEW."timestamp", NEW.fence, NEW.answer_by, NEW.op_id)
        OR (OLD.response_body IS NOT NULL AND OLD.response_body IS DISTINCT FROM NEW.response_body)
        OR (OLD.status_code IS NOT NULL AND OLD.status_code IS DISTINCT FROM NEW.status_code)
        OR (OLD.is_success IS NOT NULL AND OLD.is_success IS DISTINCT FROM NEW.is_success)
        OR (OLD.outcome IS NOT NULL AND OLD.outcome IS DISTINCT FROM NEW.outcome)
        OR (OLD.duration_ms IS NOT NULL AND OLD.duration_ms IS DISTINCT FROM NEW.duration_ms)
    )
    EXECUTE FUNCTION ackord_refuse('a call is completed once and stays as it was recorded');
CREATE TRIGGER api_calls_keep_rows BEFORE DELETE ON api_calls FOR EACH ROW
    EXECUTE FUNCTION ackord_refuse('a call is completed once and stays as it was recorded');
CREATE TRIGGER api_calls_keep_all BEFORE TRUNCATE ON api_calls FOR EACH STATEMENT
    EXECUTE FUNCTION ackord_refuse('a call is completed once and stays as it was recorded');

-- A failure is resolved once.
CREATE TRIGGER process_failures_keep BEFORE UPDATE ON process_failures FOR EACH ROW
    WHEN (
        (OLD.failure_id, OLD.related_id, OLD.process_name, OLD.details, OLD.payload, OLD."timestamp", OLD.cause, OLD.needs_person, OLD.version, OLD.op_id)
        IS DISTINCT FROM
        (NEW.failure_id, NEW.related_id, NEW.process_name, NEW.details, NEW.payload, NEW."timestamp", NEW.cause, NEW.needs_person, NEW.version, NEW.op_id)
        OR (
            (OLD.resolved_at, OLD.resolved_by, OLD.resolution) IS DISTINCT FROM (NEW.resolved_at, NEW.resolved_by, NEW.resolution)
            AND (OLD.resolved_at IS NOT NULL OR NEW.resolved_at IS NULL)
        )
    )
    EXECUTE FUNCTION ackord_refuse('an entry is resolved once and stays as it was written');
CREATE TRIGGER process_failures_keep_rows BEFORE DELETE ON process_failures FOR EACH ROW
    EXECUTE FUNCTION ackord_refuse('an entry is resolved once and stays as it was written');
CREATE TRIGGER process_failures_keep_all BEFORE TRUNCATE ON process_failures FOR EACH STATEMENT
    EXECUTE FUNCTION ackord_refuse('an entry is resolved once and stays as it was written');

-- An entry of another program: the work row is upserted first, which numbers the entry and makes writers of one order
-- wait for each other; then the entry follows. The phases are those of the domain's `Phase::after_foreign_entry`.
-- A decision and a call that stand undecided are kept; a lease ends, and its fencing number stays taken.
CREATE FUNCTION ackord_foreign_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    order_placed_at TIMESTAMPTZ;
    next_due_at     TIMESTAMPTZ;
BEGIN
    SELECT coalesce(o.placed_at, o.created_at) INTO order_placed_at FROM orders o WHERE o.order_id = NEW.order_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no order % is stored: insert it into orders first', quote_nullable(NEW.order_id)
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    IF EXISTS (SELECT FROM order_status_history h WHERE h.history_id = NEW.history_id) THEN
        RAISE EXCEPTION 'order_status_history is append-only: history_id % is taken', NEW.history_id
            USING ERRCODE = 'unique_violation';
    END IF;
    NEW.source := coalesce(NEW.source, 'external');
    NEW."timestamp" := coalesce(NEW."timestamp", now());
    NEW.op_id := NULL;
    next_due_at := CASE
        WHEN NEW.status = 'pending_acceptance' THEN now()
        WHEN NEW.status = 'acceptance_failed' THEN coalesce(NEW.retry_at, now())
    END;
    INSERT INTO order_work AS w (order_id, version, status, status_at, phase, due_at, placed_at, since_at)
    VALUES (
        NEW.order_id,
        (SELECT coalesce(max(h.version), 0) + 1 FROM order_status_history h WHERE h.order_id = NEW.order_id),
        NEW.status,
        NEW."timestamp",
        CASE
            WHEN NEW.status = 'pending_acceptance' THEN 'ready'
            WHEN NEW.status = 'acceptance_failed' AND NEW.retry_at IS NOT NULL THEN 'retry'
            WHEN NEW.status = 'acceptance_failed' THEN 'unfiled'
            ELSE 'settled'
        END,
        next_due_at,
        order_placed_at,
        now()
    )
    ON CONFLICT (order_id) DO UPDATE SET
        version = w.version + 1,
        status = EXCLUDED.status,
        status_at = EXCLUDED.status_at,
        phase = CASE
            WHEN EXCLUDED.status = 'pending_acceptance' AND w.phase IN ('sending', 'validating') THEN w.phase
            ELSE EXCLUDED.phase
        END,
        due_at = EXCLUDED.due_at,
        attempt = CASE WHEN EXCLUDED.status = 'pending_acceptance' THEN 1 ELSE w.attempt END,
        looks = CASE WHEN EXCLUDED.status = 'pending_acceptance' THEN 0 ELSE w.looks END,
        waiting_looks = CASE WHEN EXCLUDED.status = 'pending_acceptance' THEN 0 ELSE w.waiting_looks END,
        slow_looks = CASE WHEN EXCLUDED.status = 'pending_acceptance' THEN 0 ELSE w.slow_looks END,
        since_at = CASE WHEN EXCLUDED.status = 'pending_acceptance' THEN EXCLUDED.since_at ELSE w.since_at END,
        lease_until = NULL,
        worker = NULL,
        unreleased_claims = 0,
        op_id = NULL
    RETURNING w.version INTO NEW.version;
    RETURN NEW;
END
$$;

CREATE FUNCTION ackord_unnumbered_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an entry with source ''ackord'' is written by Ackord alone: leave source out'
        USING ERRCODE = 'not_null_violation';
END
$$;

CREATE TRIGGER order_status_history_foreign BEFORE INSERT ON order_status_history FOR EACH ROW
    WHEN (NEW.source IS DISTINCT FROM 'ackord')
    EXECUTE FUNCTION ackord_foreign_entry();
CREATE TRIGGER order_status_history_unnumbered BEFORE INSERT ON order_status_history FOR EACH ROW
    WHEN (NEW.source = 'ackord' AND NEW.version IS NULL)
    EXECUTE FUNCTION ackord_unnumbered_entry();

-- The function finds the tables of its own schema, whatever the search path of the program that inserts.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION ackord_foreign_entry() SET search_path = %I, pg_temp', current_schema());
END
$$;
