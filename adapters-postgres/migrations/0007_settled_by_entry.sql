-- What was settled not long ago is found by its entry. Entries lie in the table in the order of their time, about, so that to
-- index their time takes next to nothing. The index that this replaces was on a column of the work row: each settlement
-- paid for it, and no update of a row that went with an entry could stay within its page.
DROP INDEX order_work_settled;

DO $$
BEGIN
    CREATE INDEX order_status_history_by_time ON order_status_history USING brin ("timestamp") WITH (autosummarize = on);
EXCEPTION WHEN feature_not_supported OR undefined_object THEN
    -- A database that knows the language of PostgreSQL and has no such index.
    CREATE INDEX order_status_history_by_time ON order_status_history ("timestamp");
END
$$;
