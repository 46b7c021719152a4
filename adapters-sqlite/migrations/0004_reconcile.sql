-- Sending can be held, for the whole store, until every order was looked at: after a restore of a backup. The hold is named
-- by the epoch with which it began.
ALTER TABLE store_meta ADD COLUMN held_since TEXT;
ALTER TABLE store_meta ADD COLUMN held_epoch INTEGER CHECK ((held_since IS NULL) = (held_epoch IS NULL));

-- What was settled not long ago is looked at again then.
CREATE INDEX order_work_settled ON order_work (status_at) WHERE phase = 'settled';
