-- Settles a batch of orders: those whose lease and version still hold, unless this very operation has done so.
WITH given AS (
    SELECT * FROM unnest(
        $1::text[], $2::bigint[], $3::bigint[],
        $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::bigint[], $9::bigint[],
        $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[],
        $15::text[], $16::bigint[],
        $17::text[], $18::timestamptz[], $19::integer[], $20::integer[], $21::integer[], $22::integer[],
        $23::timestamptz[], $24::boolean[], $25::text[], $26::text[], $30::boolean[]
    ) AS g (
        order_id, fence, version,
        status, note, entry_attempt, retry_at, send, look,
        related_id, cause, details, payload, needs_person,
        resolution, close_call,
        phase, due_at, attempt, looks, waiting_looks, slow_looks,
        since_at, call_open, decision, reason, keeps_count
    )
), held AS (
    -- The guard is in the update itself: one pass over the rows, in the order given, which is that of their ids.
    UPDATE order_work w SET
        version = w.version + (g.status IS NOT NULL)::integer,
        status = coalesce(g.status, w.status),
        status_at = CASE WHEN g.status IS NULL THEN w.status_at ELSE $27 END,
        phase = g.phase, due_at = g.due_at, attempt = g.attempt, looks = g.looks,
        waiting_looks = g.waiting_looks, slow_looks = g.slow_looks, since_at = g.since_at,
        call_open = g.call_open, decision = g.decision::jsonb, reason = g.reason,
        lease_until = NULL, worker = NULL, op_id = $28,
        unreleased_claims = CASE WHEN g.keeps_count THEN greatest(w.unreleased_claims - 1, 0) ELSE 0 END,
        unreleased_alone = CASE WHEN g.keeps_count THEN greatest(w.unreleased_alone - 1, 0) ELSE 0 END
    FROM given g
    WHERE w.order_id = g.order_id AND w.fence = g.fence AND w.version = g.version AND w.op_id IS DISTINCT FROM $28
    RETURNING g.order_id, w.version AS version_after, g.status, g.note, g.entry_attempt, g.retry_at, g.send, g.look,
        g.related_id, g.cause, g.details, g.payload, g.needs_person, g.resolution, g.close_call
), entries AS (
    INSERT INTO order_status_history (order_id, status, notes, "timestamp", version, source, actor, attempt,
        retry_at, send_call_id, look_call_id, op_id)
    SELECT order_id, status, note, $27, version_after, 'ackord', 'ackord', entry_attempt,
        retry_at, send, look, $28
    FROM held WHERE status IS NOT NULL
), failures AS (
    INSERT INTO process_failures
        (related_id, process_name, details, payload, "timestamp", cause, needs_person, version, op_id)
    SELECT related_id, $29, details, payload::jsonb, $27, cause, needs_person, version_after, $28
    FROM held WHERE cause IS NOT NULL
), resolved AS (
    UPDATE process_failures f SET resolved_at = $27, resolved_by = 'ackord', resolution = h.resolution
    FROM held h
    WHERE h.resolution IS NOT NULL AND f.related_id = h.order_id AND f.process_name = $29
        AND f.resolved_at IS NULL
), closed AS (
    UPDATE api_calls c SET outcome = 'unanswered', is_success = false
    FROM held h
    WHERE c.call_id = h.close_call AND c.outcome IS NULL
)
SELECT order_id AS "order_id!" FROM held
