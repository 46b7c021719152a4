-- What the marketplace says of each shop itself: its state, and once a day how it decides on its orders. No part of the record of
-- orders. A shop is named by its URL and id, as alerts name it. Rates stand in ten-thousandths of the marketplace's own unit.

CREATE TABLE shop_accounts (
    shop             TEXT COLLATE "C" PRIMARY KEY CHECK (shop <> ''),
    asked_at         TIMESTAMPTZ NOT NULL,
    figures_asked_at TIMESTAMPTZ NOT NULL,
    state            TEXT,
    state_since      TIMESTAMPTZ,
    CHECK ((state IS NULL) = (state_since IS NULL))
);

CREATE TABLE shop_figures (
    shop              TEXT COLLATE "C" NOT NULL REFERENCES shop_accounts,
    read_at           TIMESTAMPTZ NOT NULL,
    approval_rate     BIGINT,
    auto_refused_rate BIGINT,
    refused_in_row    BIGINT,
    PRIMARY KEY (shop, read_at)
);
