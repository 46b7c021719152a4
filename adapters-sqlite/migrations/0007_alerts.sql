-- Alerts and the outbox of what people are told; how each shop's runs fared. They are no part of the record: they say how things
-- stand, and are rewritten as that changes. A shop is named by its URL and id.

CREATE TABLE shop_health (
    shop TEXT NOT NULL PRIMARY KEY CHECK (shop <> ''),
    last_run_at TEXT NOT NULL,
    last_done_at TEXT,
    trouble TEXT,
    trouble_since TEXT,
    detail TEXT,
    CHECK ((trouble IS NULL) = (trouble_since IS NULL))
) STRICT;

CREATE TABLE alerts (
    alert_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (alert_id > 0),
    shop TEXT NOT NULL,
    alert_key TEXT NOT NULL CHECK (alert_key <> ''),
    version INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    severity TEXT NOT NULL CHECK (severity IN ('warning', 'urgent', 'critical')),
    since_at TEXT NOT NULL,
    raised_at TEXT,
    told_at TEXT,
    told_count INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL CHECK (json_valid(message)),
    cleared_at TEXT
) STRICT;

CREATE UNIQUE INDEX alerts_open ON alerts (shop, alert_key) WHERE cleared_at IS NULL;
CREATE INDEX alerts_cleared ON alerts (shop, cleared_at) WHERE cleared_at IS NOT NULL;

CREATE TABLE alert_deliveries (
    delivery_id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (delivery_id > 0),
    alert_id INTEGER NOT NULL REFERENCES alerts (alert_id),
    shop TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL CHECK (json_valid(message)),
    written_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    lease_until TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at TEXT,
    given_up_at TEXT,
    error TEXT
) STRICT;

CREATE INDEX alert_deliveries_due ON alert_deliveries (shop, due_at, delivery_id)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX alert_deliveries_by_alert ON alert_deliveries (alert_id);
CREATE INDEX alert_deliveries_by_shop ON alert_deliveries (shop, delivery_id);
