-- Prolongs leases: those whose number and version are still the order's, and that were not ended.
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS g (order_id, fence, version)
), held AS MATERIALIZED (
    SELECT w.order_id FROM given g JOIN order_work w ON w.order_id = g.order_id
    WHERE w.fence = g.fence AND w.version = g.version AND w.lease_until IS NOT NULL
    ORDER BY w.order_id
    FOR UPDATE OF w
), renewed AS (
    UPDATE order_work w SET lease_until = $4 FROM held h WHERE w.order_id = h.order_id
)
SELECT order_id AS "order_id!" FROM held
