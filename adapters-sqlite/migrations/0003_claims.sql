-- Orders whose workers never released them: after some claims they are claimed alone, and those claims count by themselves.
ALTER TABLE order_work ADD COLUMN unreleased_alone INTEGER NOT NULL DEFAULT 0;

-- Claims that took something, for a day: a claim repeated because its answer was lost must not take more.
CREATE TABLE claims (
    op_id TEXT NOT NULL PRIMARY KEY,
    claimed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_by_claimed_at ON claims (claimed_at);
