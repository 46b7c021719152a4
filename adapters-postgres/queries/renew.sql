-- Prolongs leases: those whose number and version are still the order's, and that were not ended.
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS g (order_id, fence, version)
)
UPDATE order_work w SET lease_until = $4 FROM given g
WHERE w.order_id = g.order_id AND w.fence = g.fence AND w.version = g.version AND w.lease_until IS NOT NULL
RETURNING w.order_id AS "order_id!"
