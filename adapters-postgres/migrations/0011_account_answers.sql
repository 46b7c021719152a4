-- Of a shop also when the marketplace last answered, whatever it said; the state before its state; and when it was last told to be in it.

ALTER TABLE shop_accounts
    ADD COLUMN answered_at   TIMESTAMPTZ,
    ADD COLUMN state_before  TEXT,
    ADD COLUMN state_told_at TIMESTAMPTZ;

-- A state that is known was told at least when it began.
UPDATE shop_accounts SET answered_at = state_since, state_told_at = state_since;
