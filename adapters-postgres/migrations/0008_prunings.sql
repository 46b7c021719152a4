-- Bodies of old answers may be taken out of the call log. That is the one thing ever taken out of the record, so it is on record
-- itself: each call names the pruning that its body went with.

CREATE TABLE prunings (
    pruning_id     UUID PRIMARY KEY,
    "timestamp"    TIMESTAMPTZ NOT NULL DEFAULT now()
        CHECK ("timestamp" > '-infinity' AND "timestamp" <= '9999-12-30T22:00:00.999999Z'),
    actor          TEXT NOT NULL,
    started_before TIMESTAMPTZ NOT NULL
        CHECK (started_before > '-infinity' AND started_before <= '9999-12-30T22:00:00.999999Z'),
    calls          BIGINT NOT NULL CHECK (calls > 0),
    bytes          BIGINT NOT NULL CHECK (bytes >= 0),
    first_call_id  BIGINT NOT NULL,
    last_call_id   BIGINT NOT NULL
);

ALTER TABLE api_calls ADD COLUMN pruning_id UUID REFERENCES prunings ON DELETE RESTRICT ON UPDATE RESTRICT;

-- A TRUNCATE has to take the calls along, which refuse it.
CREATE TRIGGER prunings_keep BEFORE UPDATE OR DELETE ON prunings FOR EACH ROW
    EXECUTE FUNCTION ackord_refuse('what was pruned stays on record');

-- A call is completed in place: each part of its end is filled once. The body of an answer that is complete goes with a
-- pruning, and neither comes back.
DROP TRIGGER api_calls_keep ON api_calls;
CREATE TRIGGER api_calls_keep BEFORE UPDATE ON api_calls FOR EACH ROW
    WHEN (
        (OLD.call_id, OLD.service, OLD.endpoint, OLD.related_id, OLD.request_payload, OLD."timestamp", OLD.fence, OLD.answer_by, OLD.op_id)
        IS DISTINCT FROM
        (NEW.call_id, NEW.service, NEW.endpoint, NEW.related_id, NEW.request_payload, NEW."timestamp", NEW.fence, NEW.answer_by, NEW.op_id)
        OR (OLD.response_body IS NOT NULL AND OLD.response_body IS DISTINCT FROM NEW.response_body AND NEW.pruning_id IS NULL)
        OR (OLD.status_code IS NOT NULL AND OLD.status_code IS DISTINCT FROM NEW.status_code)
        OR (OLD.is_success IS NOT NULL AND OLD.is_success IS DISTINCT FROM NEW.is_success)
        OR (OLD.outcome IS NOT NULL AND OLD.outcome IS DISTINCT FROM NEW.outcome)
        OR (OLD.duration_ms IS NOT NULL AND OLD.duration_ms IS DISTINCT FROM NEW.duration_ms)
        OR (OLD.pruning_id IS NOT NULL AND OLD.pruning_id IS DISTINCT FROM NEW.pruning_id)
        OR (NEW.pruning_id IS NOT NULL AND NEW.response_body IS NOT NULL)
        OR (OLD.pruning_id IS NULL AND NEW.pruning_id IS NOT NULL AND (OLD.response_body IS NULL OR OLD.outcome IS NULL))
    )
    EXECUTE FUNCTION ackord_refuse('a call is completed once and stays as it was recorded');

-- What the choice of bodies to take out goes by: an order that a call is about or showed is waited for while it is unsettled, or
-- has an open entry in the inbox.
CREATE VIEW call_bodies AS
SELECT c.call_id, c.service, c."timestamp" AS started_at, octet_length(c.response_body)::bigint AS bytes,
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
