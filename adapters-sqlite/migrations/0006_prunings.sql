-- Bodies of old answers may be taken out of the call log. That is the one thing ever taken out of the record, so it is on record
-- itself: each call names the pruning that its body went with.

CREATE TABLE prunings (
    pruning_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (pruning_id > 0),
    "timestamp" TEXT NOT NULL,
    actor TEXT NOT NULL,
    started_before TEXT NOT NULL,
    calls INTEGER NOT NULL CHECK (calls > 0),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    first_call_id INTEGER NOT NULL,
    last_call_id INTEGER NOT NULL
) STRICT;

-- Held by the triggers: with a foreign key each new pruning would search the calls for those that name it already.
ALTER TABLE api_calls ADD COLUMN pruning_id INTEGER;

CREATE TRIGGER prunings_keep BEFORE UPDATE ON prunings
BEGIN
    SELECT RAISE(ABORT, 'prunings is append-only: what was pruned stays on record');
END;

CREATE TRIGGER prunings_keep_rows BEFORE DELETE ON prunings
BEGIN
    SELECT RAISE(ABORT, 'prunings is append-only: what was pruned stays on record');
END;

CREATE TRIGGER prunings_insert BEFORE INSERT ON prunings
WHEN EXISTS (SELECT 1 FROM prunings WHERE pruning_id = NEW.pruning_id)
BEGIN
    SELECT RAISE(ABORT, 'prunings is append-only: this pruning_id is taken');
END;

-- A call is completed in place: each part of its end is filled once, and nothing after its outcome, save the answer to a call
-- that was closed as unanswered. The body of an answer that is complete goes with a pruning, and neither comes back.
DROP TRIGGER api_calls_keep;
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
    OR (OLD.response_body IS NOT NULL AND OLD.response_body IS NOT NEW.response_body AND NEW.pruning_id IS NULL)
    OR (OLD.status_code IS NOT NULL AND OLD.status_code IS NOT NEW.status_code)
    OR (OLD.is_success IS NOT NULL AND OLD.is_success IS NOT NEW.is_success)
    OR (OLD.outcome IS NOT NULL AND OLD.outcome IS NOT NEW.outcome)
    OR (OLD.duration_ms IS NOT NULL AND OLD.duration_ms IS NOT NEW.duration_ms)
    OR (OLD.outcome IS NOT NULL AND OLD.outcome <> 'unanswered' AND NEW.pruning_id IS NULL)
    OR OLD.pruning_id IS NOT NULL
    OR (NEW.pruning_id IS NOT NULL AND NEW.response_body IS NOT NULL)
    OR (NEW.pruning_id IS NOT NULL AND (OLD.response_body IS NULL OR OLD.outcome IS NULL))
    OR (NEW.pruning_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM prunings WHERE pruning_id = NEW.pruning_id))
BEGIN
    SELECT RAISE(ABORT, 'api_calls is append-only: a call is completed once and stays as it was recorded');
END;

-- What the choice of bodies to take out goes by: an order that a call is about or showed is waited for while it is unsettled, or
-- has an open entry in the inbox.
CREATE VIEW call_bodies AS
SELECT c.call_id, c.service, c.at_utc AS started_at, length(CAST(c.response_body AS BLOB)) AS bytes,
    EXISTS (
        SELECT 1
        FROM (
            SELECT c.related_id AS order_id
            UNION ALL
            SELECT o.order_id FROM call_orders o WHERE o.call_id = c.call_id
        ) about
        WHERE EXISTS (SELECT 1 FROM order_work w WHERE w.order_id = about.order_id AND w.phase <> 'settled')
            OR EXISTS (SELECT 1 FROM process_failures f WHERE f.related_id = about.order_id AND f.resolved_at IS NULL)
    ) AS is_waited_for
FROM api_calls c
WHERE c.response_body IS NOT NULL AND c.outcome IS NOT NULL;
