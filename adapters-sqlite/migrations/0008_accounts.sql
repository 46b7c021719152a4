-- What the marketplace says of each shop itself: its state, and once a day how it decides on its orders. No part of the record of
-- orders. A shop is named by its URL and id, as alerts name it. Rates stand in ten-thousandths of the marketplace's own unit.

CREATE TABLE shop_accounts (
    shop TEXT NOT NULL PRIMARY KEY CHECK (shop <> ''),
    asked_at TEXT NOT NULL,
    figures_asked_at TEXT NOT NULL,
    state TEXT,
    state_since TEXT,
    CHECK ((state IS NULL) = (state_since IS NULL))
) STRICT;

CREATE TABLE shop_figures (
    shop TEXT NOT NULL REFERENCES shop_accounts (shop),
    read_at TEXT NOT NULL,
    approval_rate INTEGER,
    auto_refused_rate INTEGER,
    refused_in_row INTEGER,
    PRIMARY KEY (shop, read_at)
) STRICT;
