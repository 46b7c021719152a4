//! The history in SQLite's words.

use super::Span;

/// Nothing is durable until the end, and the file may take memory.
pub(super) const PREPARE: [&str; 3] = [
    "PRAGMA synchronous = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA cache_size = -524288",
];

/// The triggers, as they are to be made again.
pub(super) const TRIGGERS: &str = "SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name";

/// Their names.
pub(super) const TRIGGER_NAMES: &str = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name";

/// The next call's id lies beyond those that were given, and all of it is in the file itself.
pub(super) const FINISH: [&str; 2] = [
    "UPDATE sqlite_sequence SET seq = 2000000000 WHERE name = 'api_calls'",
    "PRAGMA wal_checkpoint(TRUNCATE)",
];

/// An order's number as its id.
const ID: &str = "printf('H-%010d', n)";

/// When an order was placed: one each ten seconds, long ago.
const AT: &str = "strftime('%Y-%m-%dT%H:%M:%f000Z', 1577836800 + n * 10, 'unixepoch')";

/// Rows for the orders of a span.
pub(super) fn statements(Span { first, last }: Span) -> Vec<String> {
    let numbers = format!("WITH RECURSIVE s (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last})");
    let (first_look, last_look) = (first / 100, last / 100);
    vec![
        format!(
            "{numbers} INSERT INTO orders (order_id, raw_order_data, created_at, placed_at)
            SELECT {ID}, json_object('order_id', {ID}, 'order_state', 'WAITING_ACCEPTANCE', 'currency_iso_code', 'CAD',
                'total_price', 129.99, 'order_lines', json_array(json_object('order_line_id', {ID} || '-1',
                'order_line_state', 'WAITING_ACCEPTANCE', 'offer_sku', 'SKU-1', 'quantity', 1, 'price', 129.99))),
                {AT}, {AT} FROM s"
        ),
        format!(
            r#"{numbers} INSERT INTO api_calls (call_id, service, endpoint, related_id, request_payload, response_body,
                status_code, is_success, "timestamp", fence, answer_by, outcome, duration_ms)
            SELECT n, 'mirakl', 'OR21', {ID}, json_object('order_lines', json_array(json_object('id', {ID} || '-1',
                'accepted', json('true')))), '', 204, 1, {AT}, 4294967297, {AT}, 'applied', 120 FROM s"#
        ),
        format!(
            r#"WITH RECURSIVE s (n) AS (SELECT {first_look} UNION ALL SELECT n + 1 FROM s WHERE n < {last_look})
            INSERT OR IGNORE INTO api_calls (call_id, service, endpoint, request_payload, response_body, status_code,
                is_success, "timestamp", answer_by, outcome, duration_ms)
            SELECT 1000000000 + n, 'mirakl', 'OR11', '{{"max": "100"}}', '{{"orders": []}}', 200, 1,
                '2020-01-01T00:00:00.000000Z', '2020-01-01T00:00:10.000000Z', 'answered', 120 FROM s"#
        ),
        format!(
            "{numbers} INSERT INTO call_orders (call_id, order_id, state)
            SELECT 1000000000 + n / 100, {ID}, 'SHIPPING' FROM s"
        ),
        format!(
            r#"{numbers}, e (version, status, note, source) AS (VALUES
                (1, 'pending_acceptance', 'Ingested as ''WAITING_ACCEPTANCE'' with 1 line', 'ackord'),
                (2, 'accepted', 'Validated as ''SHIPPING'' after 1 look', 'ackord'),
                (3, 'label_created', NULL, 'external'),
                (4, 'shipped', NULL, 'external'),
                (5, 'delivered', NULL, 'external')
            )
            INSERT INTO order_status_history (order_id, status, notes, "timestamp", version, source, actor, attempt,
                send_call_id, look_call_id, op_id)
            SELECT {ID}, e.status, e.note, {AT}, e.version, e.source, e.source, 1, n, 1000000000 + n / 100,
                CASE e.source WHEN 'ackord' THEN printf('00000000-0000-7000-8000-%012d', n) END
            FROM s CROSS JOIN e WHERE e.version <= 4 + n % 2"#
        ),
        format!(
            "{numbers} INSERT INTO order_work (order_id, version, status, status_at, phase, placed_at, since_at, call_id, fence)
            SELECT {ID}, 4 + n % 2, CASE n % 2 WHEN 0 THEN 'shipped' ELSE 'delivered' END, {AT}, 'settled', {AT}, {AT}, n,
                4294967297 FROM s"
        ),
    ]
}
