-- Claims due orders: rows that somebody else has locked are passed over, and the lock keeps them until they are taken.
-- Of each phase $1 it reads from the time of order $10 on.
WITH repeated AS MATERIALIZED (
    SELECT FROM claims WHERE op_id = $6
), before AS MATERIALIZED (
    SELECT * FROM order_work
    WHERE EXISTS (SELECT FROM repeated) AND phase = ANY ($1) AND phase <> 'settled'
        AND op_id = $6 AND lease_until IS NOT NULL
), asked AS MATERIALIZED (
    -- Nothing is given out to be sent while sending is held.
    SELECT p.phase, coalesce(p.placed_from, '-infinity') AS placed_from
    FROM unnest($1::text[], $10::timestamptz[]) AS p (phase, placed_from)
    WHERE p.phase NOT IN ('ready', 'sending')
        OR NOT EXISTS (SELECT FROM store_meta m WHERE m.held_since IS NOT NULL)
), together AS MATERIALIZED (
    SELECT c.order_id
    FROM asked p
    CROSS JOIN LATERAL (
        SELECT w.order_id, w.placed_at FROM order_work w
        WHERE w.phase = p.phase AND w.phase <> 'settled' AND w.placed_at >= p.placed_from AND w.due_at <= $2
            AND (w.lease_until IS NULL OR w.lease_until <= $2 OR w.lease_until > $7)
            AND w.unreleased_claims < $8
        ORDER BY w.placed_at, w.order_id
        LIMIT $5
        FOR UPDATE SKIP LOCKED
    ) c
    WHERE NOT EXISTS (SELECT FROM repeated)
    ORDER BY c.placed_at, c.order_id
    LIMIT $5
), alone AS MATERIALIZED (
    SELECT c.order_id
    FROM asked p
    CROSS JOIN LATERAL (
        SELECT w.order_id, w.placed_at, w.unreleased_claims FROM order_work w
        WHERE w.phase = p.phase AND w.phase <> 'settled' AND w.placed_at >= p.placed_from AND w.due_at <= $2
            AND (w.lease_until IS NULL OR w.lease_until <= $2 OR w.lease_until > $7)
            AND w.unreleased_claims >= $8
        ORDER BY w.unreleased_claims, w.placed_at, w.order_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) c
    WHERE $9 AND NOT EXISTS (SELECT FROM repeated) AND NOT EXISTS (SELECT FROM together)
    ORDER BY c.unreleased_claims, c.placed_at, c.order_id
    LIMIT least($5, 1)
), due AS MATERIALIZED (
    SELECT *, false AS alone FROM together UNION ALL SELECT *, true FROM alone
), taken AS (
    UPDATE order_work w SET
        fence = greatest(w.fence, (SELECT epoch << 32 FROM store_meta)) + 1,
        lease_until = $3,
        worker = $4,
        unreleased_claims = w.unreleased_claims + 1,
        unreleased_alone = CASE WHEN d.alone THEN w.unreleased_alone + 1 ELSE 0 END,
        op_id = $6
    FROM due d
    WHERE w.order_id = d.order_id
    RETURNING w.*
), noted AS (
    INSERT INTO claims (op_id, claimed_at) SELECT $6, $2 FROM taken LIMIT 1
), forgotten AS (
    DELETE FROM claims WHERE op_id IN (
        SELECT op_id FROM claims WHERE claimed_at < $2 - interval '1 day' LIMIT 10 FOR UPDATE SKIP LOCKED
    )
)
SELECT t.order_id AS "order_id!", t.fence AS "fence!", t.version AS "version!", t.status AS "status!",
    t.placed_at AS "placed_at!", t.phase AS "phase!", t.due_at AS "due_at?", t.attempt AS "attempt!",
    t.looks AS "looks!", t.waiting_looks AS "waiting_looks!", t.slow_looks AS "slow_looks!",
    t.since_at AS "since_at!", t.call_open AS "call_open!", t.decision::text AS "decision?",
    t.reason AS "reason?", t.unreleased_claims AS "unreleased_claims!", t.unreleased_alone AS "unreleased_alone!",
    c.call_id AS "call_id?", c."timestamp" AS "call_started_at?", c.answer_by AS "call_answer_by?",
    c.outcome AS "call_outcome?"
FROM (SELECT * FROM taken UNION ALL SELECT * FROM before) t
LEFT JOIN api_calls c ON c.call_id = t.call_id
ORDER BY t.placed_at, t.order_id
