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
), held AS MATERIALIZED (
    SELECT g.*, g.version + (g.status IS NOT NULL)::integer AS version_after
    FROM given g JOIN order_work w ON w.order_id = g.order_id
    WHERE w.fence = g.fence AND w.version = g.version AND w.op_id IS DISTINCT FROM $28
    ORDER BY w.order_id
    FOR UPDATE OF w
), work AS (
    UPDATE order_work w SET
        version = h.version_after,
        status = coalesce(h.status, w.status),
        status_at = CASE WHEN h.status IS NULL THEN w.status_at ELSE $27 END,
        phase = h.phase, due_at = h.due_at, attempt = h.attempt, looks = h.looks,
        waiting_looks = h.waiting_looks, slow_looks = h.slow_looks, since_at = h.since_at,
        call_open = h.call_open, decision = h.decision::jsonb, reason = h.reason,
        lease_until = NULL, worker = NULL, op_id = $28,
        unreleased_claims = CASE WHEN h.keeps_count THEN greatest(w.unreleased_claims - 1, 0) ELSE 0 END,
        unreleased_alone = CASE WHEN h.keeps_count THEN greatest(w.unreleased_alone - 1, 0) ELSE 0 END
    FROM held h
    WHERE w.order_id = h.order_id
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
