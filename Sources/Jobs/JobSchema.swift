/// The tables of the queue, for the program's list of migrations.
package enum JobSchema {
    /// States: `delayed` (until `run_at`), `queued` (due; has a rank), `leased` (a handler works on it), `dead` (given up, for a person).
    ///
    /// - A live job is unique by kind and subject. `again_at` is set when it was enqueued once more while leased.
    /// - `fair_rank` orders the queued jobs of one priority; `job_fairness` holds the rank that was claimed last.
    /// - `lease_epoch` grows with every claim, so that a handler that lost its lease can change nothing.
    /// - `limit_keys` has no meaning any more, and goes with `parked`.
    /// - The partial indexes repeat `state`, since SQLite reads the row as well when an index lacks a column that the query compares.
    package static let sql = """
        CREATE TABLE jobs (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            team TEXT NOT NULL,
            priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
            fair_rank INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL CHECK (state IN ('delayed', 'queued', 'leased', 'dead')),
            run_at TEXT NOT NULL,
            payload TEXT NOT NULL,
            limit_keys TEXT NOT NULL DEFAULT '',
            lease_until TEXT,
            lease_epoch INTEGER NOT NULL DEFAULT 0,
            again_at TEXT,
            receives INTEGER NOT NULL DEFAULT 0,
            last_error TEXT,
            created_at TEXT NOT NULL,
            changed_at TEXT NOT NULL,
            CHECK ((state = 'leased') = (lease_until IS NOT NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX jobs_live ON jobs (kind, subject) WHERE state <> 'dead';
        CREATE INDEX jobs_claim ON jobs (state, priority, fair_rank, id, limit_keys) WHERE state = 'queued';
        CREATE INDEX jobs_team ON jobs (state, priority, team, fair_rank) WHERE state = 'queued';
        CREATE INDEX jobs_due ON jobs (state, run_at) WHERE state = 'delayed';
        CREATE INDEX jobs_lease ON jobs (state, lease_until) WHERE state = 'leased';
        CREATE INDEX jobs_dead ON jobs (state, changed_at) WHERE state = 'dead';
        CREATE TABLE job_fairness (
            priority INTEGER PRIMARY KEY,
            virtual_time INTEGER NOT NULL
        ) STRICT;
        INSERT INTO job_fairness (priority, virtual_time) VALUES (0, 0), (1, 0), (2, 0), (3, 0);
        """

    /// `parked`: a delayed job that something in the memory of the process will enqueue before its time.
    package static let parked = """
        DROP INDEX jobs_claim;
        ALTER TABLE jobs DROP COLUMN limit_keys;
        ALTER TABLE jobs ADD COLUMN parked INTEGER NOT NULL DEFAULT 0 CHECK (parked IN (0, 1));
        CREATE INDEX jobs_claim ON jobs (state, priority, fair_rank, id) WHERE state = 'queued';
        """
}
