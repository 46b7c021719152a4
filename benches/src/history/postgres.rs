//! The history in PostgreSQL's words.

use super::Span;

/// Passes over triggers and foreign keys in this session; commits need not wait for the disk.
pub(super) const PREPARE: &str = "SET session_replication_role = replica; SET synchronous_commit = off";

/// What autovacuum would have done by then, and the next call's id beyond those that were given.
pub(super) const FINISH: [&str; 3] = [
    "SELECT setval(pg_get_serial_sequence('api_calls', 'call_id'), 2000000000)",
    "VACUUM (ANALYZE)",
    "CHECKPOINT",
];

/// An order's number as its id.
const ID: &str = "'H-' || lpad(n::text, 10, '0')";

/// When an order was placed: one each ten seconds, long ago.
const AT: &str = "timestamptz '2020-01-01T00:00:00Z' + n * interval '10 seconds'";

/// Rows for the orders of a span.
pub(super) fn statements(Span { first, last }: Span) -> Vec<String> {
    let orders = format!("generate_series({first}::bigint, {last}::bigint) AS n");
    let looks = format!("generate_series({first}::bigint / 100, {last}::bigint / 100) AS l");
    vec![
        format!(
            r#"INSERT INTO orders (order_id, raw_order_data, created_at, placed_at)
            SELECT {ID}, jsonb_build_object('order_id', {ID}, 'order_state', 'WAITING_ACCEPTANCE', 'currency_iso_code', 'CAD',
                'total_price', 129.99, 'order_lines', jsonb_build_array(jsonb_build_object('order_line_id', {ID} || '-1',
                'order_line_state', 'WAITING_ACCEPTANCE', 'offer_sku', 'SKU-1', 'quantity', 1, 'price', 129.99))),
                {AT}, {AT} FROM {orders}"#
        ),
        format!(
            r#"INSERT INTO api_calls (call_id, service, endpoint, related_id, request_payload, response_body, status_code,
                is_success, "timestamp", fence, answer_by, outcome, duration_ms)
            SELECT n, 'mirakl', 'OR21', {ID}, jsonb_build_object('order_lines', jsonb_build_array(jsonb_build_object(
                'id', {ID} || '-1', 'accepted', true))), '', 204, true, {AT}, 4294967297, {AT} + interval '10 seconds',
                'applied', 120 FROM {orders}"#
        ),
        format!(
            r#"INSERT INTO api_calls (call_id, service, endpoint, request_payload, response_body, status_code, is_success,
                "timestamp", answer_by, outcome, duration_ms)
            SELECT 1000000000 + l, 'mirakl', 'OR11', '{{"max": "100"}}', '{{"orders": []}}', 200, true,
                '2020-01-01T00:00:00Z', '2020-01-01T00:00:10Z', 'answered', 120 FROM {looks}
            ON CONFLICT DO NOTHING"#
        ),
        format!("INSERT INTO call_orders SELECT 1000000000 + n / 100, {ID}, 'SHIPPING' FROM {orders}"),
        format!(
            r#"INSERT INTO order_status_history (order_id, status, notes, "timestamp", version, source, actor, attempt,
                send_call_id, look_call_id, op_id)
            SELECT {ID}, e.status, e.note, {AT} + e.version * interval '1 hour', e.version, e.source, e.source, 1, n,
                1000000000 + n / 100, CASE WHEN e.source = 'ackord' THEN md5(n::text)::uuid END
            FROM {orders} CROSS JOIN (VALUES
                (1, 'pending_acceptance', 'Ingested as ''WAITING_ACCEPTANCE'' with 1 line', 'ackord'),
                (2, 'accepted', 'Validated as ''SHIPPING'' after 1 look', 'ackord'),
                (3, 'label_created', NULL, 'external'),
                (4, 'shipped', NULL, 'external'),
                (5, 'delivered', NULL, 'external')
            ) AS e (version, status, note, source)
            WHERE e.version <= 4 + n % 2
            ORDER BY n, e.version"#
        ),
        format!(
            r#"INSERT INTO order_work (order_id, version, status, status_at, phase, placed_at, since_at, call_id, fence, op_id)
            SELECT {ID}, 4 + n % 2, CASE n % 2 WHEN 0 THEN 'shipped' ELSE 'delivered' END, {AT} + interval '5 hours',
                'settled', {AT}, {AT}, n, 4294967297, NULL FROM {orders}"#
        ),
    ]
}
