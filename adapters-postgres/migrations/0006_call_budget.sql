-- When the shop's bucket of calls is full again; NULL where it is.
ALTER TABLE shops ADD COLUMN budget_full_at TIMESTAMPTZ;
