package import GRDB
import Glibc

/// The steps from an empty database to today's. A step is named once and never edited: old machines have run it.
package enum Migrations {
    /// All migrations in order. A test may add more.
    package static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE property (
                        key TEXT PRIMARY KEY,
                        value TEXT NOT NULL
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE stream (
                        id INTEGER PRIMARY KEY,
                        account_sid TEXT NOT NULL,
                        dataset TEXT NOT NULL,
                        host TEXT NOT NULL,
                        service_sid TEXT NOT NULL,          -- '' for streams of an account
                        environment_sid TEXT NOT NULL,      -- '' for streams of an account
                        account TEXT NOT NULL,              -- today's label
                        start_ms INTEGER NOT NULL,          -- collected from here on
                        coverage BLOB NOT NULL,
                        checkpoint_ms INTEGER,
                        checkpoint_sid TEXT,
                        UNIQUE (account_sid, dataset, host, service_sid, environment_sid)
                    ) STRICT;

                    CREATE TABLE segment (
                        id INTEGER PRIMARY KEY,
                        length INTEGER NOT NULL,            -- committed bytes
                        last_sequence INTEGER NOT NULL,
                        created_ms INTEGER NOT NULL,
                        updated_ms INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE frame (
                        first_sequence INTEGER PRIMARY KEY,
                        last_sequence INTEGER NOT NULL,
                        segment INTEGER NOT NULL,
                        offset INTEGER NOT NULL,
                        length INTEGER NOT NULL,
                        stream INTEGER NOT NULL,
                        lane INTEGER NOT NULL,
                        collected_ms INTEGER NOT NULL,
                        window_from_ms INTEGER NOT NULL,
                        window_to_ms INTEGER NOT NULL,
                        request_ids TEXT NOT NULL
                    ) STRICT;
                    CREATE INDEX frame_segment ON frame (segment);

                    CREATE TABLE ledger (
                        id INTEGER PRIMARY KEY,
                        stream INTEGER NOT NULL,
                        from_ms INTEGER NOT NULL,           -- oldest record
                        to_ms INTEGER NOT NULL,             -- newest record, included
                        undated INTEGER NOT NULL,           -- 1: filed by when they were read
                        count INTEGER NOT NULL,
                        keep_ms INTEGER NOT NULL,           -- the newer of newest record and end of the window
                        identities BLOB NOT NULL,
                        first_sequence INTEGER NOT NULL,
                        last_sequence INTEGER NOT NULL
                    ) STRICT;
                    CREATE INDEX ledger_range ON ledger (stream, undated, to_ms);
                    CREATE INDEX ledger_keep ON ledger (stream, keep_ms);

                    CREATE TABLE ledger_day (               -- what will not be compared record by record any more
                        stream INTEGER NOT NULL,
                        day INTEGER NOT NULL,               -- days since 1970-01-01
                        count INTEGER NOT NULL,
                        digest BLOB NOT NULL,
                        PRIMARY KEY (stream, day)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE gap (                      -- what could not be read
                        stream INTEGER NOT NULL,
                        from_ms INTEGER NOT NULL,
                        to_ms INTEGER NOT NULL,
                        reason TEXT NOT NULL,
                        found_ms INTEGER NOT NULL,
                        PRIMARY KEY (stream, from_ms, to_ms)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE sink (
                        name TEXT PRIMARY KEY,
                        position INTEGER NOT NULL,          -- the last sequence that is settled
                        start_position INTEGER NOT NULL,    -- where it was when the sink was first seen
                        delivered INTEGER NOT NULL,
                        filtered INTEGER NOT NULL,
                        settled_ms INTEGER,
                        detached_ms INTEGER
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE sink_state (
                        sink TEXT NOT NULL,
                        key TEXT NOT NULL,
                        value BLOB NOT NULL,
                        PRIMARY KEY (sink, key)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE delivery (
                        sink TEXT NOT NULL,
                        first_sequence INTEGER NOT NULL,
                        last_sequence INTEGER NOT NULL,
                        attempts INTEGER NOT NULL,          -- 0: every record was filtered
                        filtered TEXT NOT NULL,             -- which were if not all: places in the batch, with blanks
                        settled_ms INTEGER NOT NULL,
                        PRIMARY KEY (sink, first_sequence)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE usage (
                        day TEXT NOT NULL,
                        stream INTEGER NOT NULL,
                        requests INTEGER NOT NULL,
                        records INTEGER NOT NULL,           -- as answered, before duplicates are removed
                        taken INTEGER NOT NULL,             -- new to us
                        PRIMARY KEY (day, stream)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("v2") { database in
            try database.execute(
                sql: """
                    ALTER TABLE stream ADD COLUMN service_name TEXT NOT NULL DEFAULT '';        -- for people
                    ALTER TABLE stream ADD COLUMN environment_name TEXT NOT NULL DEFAULT '';    -- for people
                    ALTER TABLE stream ADD COLUMN retired_ms INTEGER;   -- since then it is gone at Twilio
                    ALTER TABLE stream ADD COLUMN length_ms INTEGER;    -- of windows, as learnt

                    ALTER TABLE gap ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;  -- 1: until the stream comes back

                    ALTER TABLE usage ADD COLUMN lateness BLOB;         -- LatenessHistogram of what was taken

                    CREATE TABLE api_usage (                -- everything asked of Twilio, discovery included
                        day TEXT NOT NULL,
                        account_sid TEXT NOT NULL,
                        dataset TEXT NOT NULL,
                        account TEXT NOT NULL,              -- the day's last label
                        requests INTEGER NOT NULL,
                        records INTEGER NOT NULL,           -- as answered, before duplicates are removed
                        PRIMARY KEY (day, account_sid, dataset)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE backfill (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,   -- a number told to people never means another job
                        account TEXT NOT NULL,              -- the label when it was asked for
                        account_sid TEXT NOT NULL,
                        dataset TEXT NOT NULL,
                        from_ms INTEGER NOT NULL,
                        to_ms INTEGER NOT NULL,
                        sink TEXT NOT NULL DEFAULT '',      -- '' for all sinks
                        requested_ms INTEGER NOT NULL,
                        requested_by INTEGER NOT NULL,      -- uid
                        finished_ms INTEGER,
                        cancelled_ms INTEGER
                    ) STRICT;

                    CREATE TABLE backfill_stream (
                        job INTEGER NOT NULL,
                        stream INTEGER NOT NULL,
                        coverage BLOB NOT NULL,             -- what the job has read
                        requests INTEGER NOT NULL,
                        records INTEGER NOT NULL,           -- as answered
                        taken INTEGER NOT NULL,
                        PRIMARY KEY (job, stream)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX backfill_stream_stream ON backfill_stream (stream);
                    """)
        }
        migrator.registerMigration("v3") { database in
            try database.execute(
                sql: """
                    ALTER TABLE sink ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0;    -- dead letters, ever
                    ALTER TABLE sink ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;     -- in sink gaps, ever

                    CREATE TABLE cut (                      -- batches on their way that must be the same after a restart
                        sink TEXT NOT NULL,
                        first_sequence INTEGER NOT NULL,
                        last_sequence INTEGER NOT NULL,
                        form TEXT NOT NULL,                 -- digest of what else decides about the batch's bytes
                        PRIMARY KEY (sink, first_sequence)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE dead_letter (              -- copies of what a sink refused for good
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        sink TEXT NOT NULL,
                        sequence INTEGER NOT NULL,
                        account TEXT NOT NULL,
                        account_sid TEXT NOT NULL,
                        dataset TEXT NOT NULL,
                        record_id TEXT NOT NULL,            -- the envelope's `id`
                        record_type TEXT NOT NULL,          -- the envelope's `type`
                        time_ms INTEGER NOT NULL,           -- the envelope's `time`
                        reason TEXT NOT NULL,
                        attempts INTEGER NOT NULL,
                        rejected_ms INTEGER NOT NULL,
                        replay_ms INTEGER,                  -- since then it is to be sent again
                        bytes INTEGER NOT NULL,
                        frame BLOB NOT NULL                 -- the record alone, as in a segment
                    ) STRICT;
                    CREATE INDEX dead_letter_replay ON dead_letter (sink, replay_ms) WHERE replay_ms IS NOT NULL;

                    CREATE TABLE sink_gap (                 -- records a sink was moved past without getting them
                        sink TEXT NOT NULL,
                        first_sequence INTEGER NOT NULL,
                        last_sequence INTEGER NOT NULL,
                        from_ms INTEGER,                    -- oldest and newest record's time, where still known
                        to_ms INTEGER,
                        reason TEXT NOT NULL,
                        found_ms INTEGER NOT NULL,
                        PRIMARY KEY (sink, first_sequence)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE replay (                   -- spooled records that a sink is to get again
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        sink TEXT NOT NULL,
                        first_sequence INTEGER NOT NULL,
                        last_sequence INTEGER NOT NULL,
                        next_sequence INTEGER NOT NULL,     -- what is to be sent next
                        delivered INTEGER NOT NULL DEFAULT 0,
                        requested_ms INTEGER NOT NULL,
                        requested_by INTEGER NOT NULL,      -- uid
                        finished_ms INTEGER,
                        cancelled_ms INTEGER
                    ) STRICT;

                    CREATE TABLE announcement (             -- facts that are yet to become records of our own
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        record_id TEXT NOT NULL,            -- the record's `id`
                        kind TEXT NOT NULL,                 -- the record's `type`: twilship.started and the like
                        severity INTEGER NOT NULL,          -- as RFC 5424 numbers it
                        account TEXT NOT NULL,              -- '' if it is of no account
                        account_sid TEXT NOT NULL,
                        message TEXT NOT NULL,
                        facts TEXT NOT NULL,                -- a JSON object, the record's `raw`
                        created_ms INTEGER NOT NULL
                    ) STRICT;

                    ALTER TABLE frame ADD COLUMN damaged_ms INTEGER;    -- since then it is known to be unreadable
                    ALTER TABLE frame ADD COLUMN target TEXT NOT NULL DEFAULT '';   -- the one sink it is for

                    -- A backfill of one stream, of certain records only: what was lost is read again.
                    ALTER TABLE backfill ADD COLUMN stream INTEGER;
                    ALTER TABLE backfill ADD COLUMN identities BLOB;    -- NULL: all that is not known
                    ALTER TABLE backfill ADD COLUMN purpose TEXT NOT NULL DEFAULT '';
                    """)
            // Two spools must not give two batches the same name.
            var random = SystemRandomNumberGenerator()
            try Property.spoolID.save(String(random.next(), radix: 36), database)
        }
        migrator.registerMigration("v4.replay") { database in
            try database.execute(
                sql: """
                    ALTER TABLE replay ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE replay ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0;  -- now dead letters
                    ALTER TABLE replay ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;   -- no longer readable when due
                    -- To count and to find them without reading the copies.
                    CREATE INDEX dead_letter_sink ON dead_letter (sink, sequence, bytes);
                    """)
        }
        migrator.registerMigration("v5.checkpoint") { database in
            try database.execute(
                sql: """
                    CREATE TABLE dead_letter_end (          -- what became of dead letters whose record is spooled
                        sink TEXT NOT NULL,
                        sequence INTEGER NOT NULL,
                        delivered INTEGER NOT NULL,         -- 0: somebody dropped it
                        attempts INTEGER NOT NULL,
                        reason TEXT NOT NULL,               -- why it was refused at last
                        ended_ms INTEGER NOT NULL,
                        PRIMARY KEY (sink, sequence)
                    ) STRICT, WITHOUT ROWID;

                    ALTER TABLE stream ADD COLUMN folded_ms INTEGER;    -- from here on the ledger knows each record
                    """)
        }
        migrator.registerMigration("v6.announcements") { database in
            try database.execute(
                sql: """
                    -- What is told by itself, whoever notes it down.
                    ALTER TABLE gap ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
                    CREATE INDEX gap_unannounced ON gap (found_ms) WHERE announced = 0;
                    ALTER TABLE sink_gap ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
                    CREATE INDEX sink_gap_unannounced ON sink_gap (found_ms) WHERE announced = 0;
                    ALTER TABLE dead_letter ADD COLUMN announced INTEGER NOT NULL DEFAULT 0;
                    CREATE INDEX dead_letter_unannounced ON dead_letter (sink)
                        WHERE announced = 0 AND dataset != 'twilship';

                    CREATE TABLE announced_failure (        -- what is told to fail, until it is told to work again
                        name TEXT PRIMARY KEY,
                        since_ms INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE ledger_undated_day (       -- as ledger_day, of records filed by when they were read
                        stream INTEGER NOT NULL,
                        day INTEGER NOT NULL,
                        count INTEGER NOT NULL,
                        digest BLOB NOT NULL,
                        PRIMARY KEY (stream, day)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("v7.minutes") { database in
            // How many records were taken in each minute of the last hour of that day.
            try database.execute(sql: "ALTER TABLE api_usage ADD COLUMN minutes BLOB")
        }
        return migrator
    }

    /// Refuses a database that a newer version has changed. Comes before anything else is touched: what looks like a
    /// leftover to this version may be what the newer one lives on.
    static func refuseNewer(
        _ migrator: DatabaseMigrator, in queue: DatabaseQueue, path: String, version: String
    ) throws {
        guard try queue.read(migrator.hasBeenSuperseded) else { return }
        let writer = try queue.read { try Property.writtenBy.fetch($0) }
        throw SpoolError.newer(path: path, writtenBy: writer ?? "a newer version", thisVersion: version)
    }

    /// Brings the database up to date and keeps a copy of an older one beside it.
    static func apply(
        _ migrator: DatabaseMigrator, to queue: DatabaseQueue, path: String, version: String
    ) throws {
        let applied = try queue.read(migrator.appliedIdentifiers)
        let pending = migrator.migrations.filter { !applied.contains($0) }
        if !pending.isEmpty, !applied.isEmpty {
            let copy = "\(path).before-\(pending[0])"
            // A copy of that name is of an upgrade that failed half-way and was rolled back: today's state is the same.
            if access(copy, F_OK) != 0 {
                let unfinished = copy + ".tmp"
                unlink(unfinished)
                try queue.vacuum(into: unfinished)
                chmod(unfinished, 0o600)
                rename(unfinished, copy)
            }
        }
        try migrator.migrate(queue)
        // A full disk must not keep the service from starting: then only what makes room is written.
        if try queue.read({ try Property.writtenBy.fetch($0) }) != version {
            try queue.write { try Property.writtenBy.save(version, $0) }
        }
    }
}

/// Single values that are kept in the table `property`.
enum Property: String {
    /// The version that last opened the state for writing.
    case writtenBy = "written_by"
    /// Tells this spool from every other, and from one that was here before: letters and digits.
    case spoolID = "spool_id"
    /// The sequence that the next record gets.
    case nextSequence = "next_sequence"
    /// What the service last said of itself, as JSON.
    case runtime
    /// Why the spool takes nothing more, as JSON; '' while it does.
    case fullness
    /// `running` while a service has the state, `stopped` after it has told that it stops.
    case lifecycle

    func fetch(_ database: Database) throws -> String? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT value FROM property WHERE key = ?"), arguments: [rawValue])
    }

    func save(_ value: String, _ database: Database) throws {
        try database.executeCached(
            sql: """
                INSERT INTO property (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
                """,
            arguments: [rawValue, value])
    }
}
