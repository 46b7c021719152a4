-- Orders whose workers never released them: after some claims they are claimed alone, and those claims count by themselves.
ALTER TABLE order_work ADD COLUMN unreleased_alone INTEGER NOT NULL DEFAULT 0;
