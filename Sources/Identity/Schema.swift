/// Tables of people, teams, roles, credentials, audit, secrets and approvals. Append-only once released.
///
/// Ids are UUIDv7 text, times text of 24 characters (UTC), booleans 0 and 1. A login and a slug are lower case already when they get here.
package enum IdentitySchema {
    package static let sql = people + credentials + audit + approvals

    private static let people = """
        CREATE TABLE users (
            id TEXT PRIMARY KEY,
            login TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            email TEXT UNIQUE COLLATE NOCASE,
            password_hash TEXT,
            oauth_provider TEXT NOT NULL DEFAULT 'local',
            oauth_id TEXT,
            is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
            last_login TEXT,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX users_oauth ON users(oauth_provider, oauth_id) WHERE oauth_id IS NOT NULL;

        CREATE TABLE teams (
            id TEXT PRIMARY KEY,
            slug TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            description TEXT NOT NULL DEFAULT '',
            parent_id TEXT REFERENCES teams(id) CHECK (parent_id <> id),
            manager_id TEXT REFERENCES users(id),
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX teams_parent ON teams(parent_id);

        CREATE TABLE team_members (
            team_id TEXT NOT NULL REFERENCES teams(id) ON DELETE CASCADE,
            user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            is_primary INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1)),
            added_at TEXT NOT NULL,
            PRIMARY KEY (team_id, user_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX team_members_user ON team_members(user_id);

        CREATE TABLE roles (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL DEFAULT '',
            is_built_in INTEGER NOT NULL DEFAULT 0 CHECK (is_built_in IN (0, 1)),
            approval_level INTEGER,
            approval_limit_cents INTEGER,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE role_permissions (
            role_id TEXT NOT NULL REFERENCES roles(id) ON DELETE CASCADE,
            permission TEXT NOT NULL,
            PRIMARY KEY (role_id, permission)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE user_roles (
            user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            role_id TEXT NOT NULL REFERENCES roles(id) ON DELETE CASCADE,
            assigned_at TEXT NOT NULL,
            assigned_by TEXT NOT NULL,
            PRIMARY KEY (user_id, role_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX user_roles_role ON user_roles(role_id);

        """

    /// Of tokens and sessions only the SHA-256 is stored; secrets are sealed (`Sealer`).
    private static let credentials = """
        CREATE TABLE api_tokens (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('user', 'service', 'device', 'agent')),
            name TEXT NOT NULL,
            token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
            user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            scopes TEXT NOT NULL,
            constraints TEXT NOT NULL DEFAULT '{}',
            created_by TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            revoked_at TEXT,
            last_used_at TEXT
        ) STRICT;
        CREATE INDEX api_tokens_user ON api_tokens(user_id);

        CREATE TABLE user_sessions (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
            session_token_hash BLOB NOT NULL UNIQUE CHECK (length(session_token_hash) = 32),
            address TEXT,
            agent TEXT,
            created_at TEXT NOT NULL,
            last_accessed_at TEXT NOT NULL,
            expires_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX user_sessions_user ON user_sessions(user_id);
        CREATE INDEX user_sessions_expiry ON user_sessions(expires_at);

        CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            value BLOB NOT NULL,
            key_id TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            updated_by TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE idempotency_keys (
            principal TEXT NOT NULL,
            key TEXT NOT NULL,
            digest BLOB NOT NULL,
            status INTEGER NOT NULL,
            location TEXT,
            response BLOB NOT NULL,
            created_at TEXT NOT NULL,
            PRIMARY KEY (principal, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_keys_age ON idempotency_keys(created_at);

        """

    /// No foreign keys: the trail outlives what it speaks of. A row may only be deleted when `audit_archives` holds the head of the
    /// prefix that it belongs to.
    private static let audit = """
        CREATE TABLE audit_logs (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            at TEXT NOT NULL,
            actor_kind TEXT NOT NULL,
            actor_user_id TEXT,
            actor_login TEXT NOT NULL,
            event_type TEXT NOT NULL,
            action TEXT NOT NULL,
            result TEXT NOT NULL CHECK (result IN ('success', 'failure')),
            entity_type TEXT NOT NULL,
            entity_id TEXT NOT NULL,
            team TEXT,
            request_id TEXT CHECK (entity_type <> 'request' OR request_id = entity_id),
            action_id TEXT,
            old TEXT,
            new TEXT,
            correlation_id TEXT NOT NULL,
            source_system TEXT NOT NULL,
            address TEXT,
            agent TEXT,
            previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE INDEX audit_logs_request ON audit_logs(request_id) WHERE request_id IS NOT NULL;
        CREATE INDEX audit_logs_entity ON audit_logs(entity_id) WHERE entity_type <> 'request';
        CREATE INDEX audit_logs_correlation ON audit_logs(correlation_id);
        CREATE INDEX audit_logs_event ON audit_logs(event_type);
        CREATE INDEX audit_logs_actor ON audit_logs(actor_login);
        CREATE INDEX audit_logs_at ON audit_logs(at);

        CREATE TABLE audit_archives (
            sequence INTEGER PRIMARY KEY,
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            location TEXT NOT NULL,
            archived_at TEXT NOT NULL
        ) STRICT;

        CREATE TRIGGER audit_logs_no_update BEFORE UPDATE ON audit_logs
        BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only'); END;
        CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs
        WHEN OLD.sequence > (SELECT COALESCE(max(sequence), 0) FROM audit_archives)
        BEGIN SELECT RAISE(ABORT, 'audit_logs is append-only'); END;
        CREATE TRIGGER audit_archives_true BEFORE INSERT ON audit_archives
        WHEN NOT EXISTS (SELECT 1 FROM audit_logs WHERE sequence = NEW.sequence AND hash = NEW.hash)
        BEGIN SELECT RAISE(ABORT, 'an archive ends with a row of audit_logs'); END;
        CREATE TRIGGER audit_archives_no_update BEFORE UPDATE ON audit_archives
        BEGIN SELECT RAISE(ABORT, 'audit_archives is append-only'); END;
        CREATE TRIGGER audit_archives_no_delete BEFORE DELETE ON audit_archives
        BEGIN SELECT RAISE(ABORT, 'audit_archives is append-only'); END;

        """

    /// A gate is `waiting` while a lower level of its round is open. One decision per person and gate.
    private static let approvals = """
        CREATE TABLE approvals (
            id TEXT PRIMARY KEY,
            subject_type TEXT NOT NULL,
            subject_id TEXT NOT NULL,
            round INTEGER NOT NULL CHECK (round >= 1),
            level INTEGER NOT NULL CHECK (level >= 1),
            name TEXT NOT NULL,
            permission TEXT NOT NULL,
            required_role TEXT NOT NULL,
            team TEXT,
            required INTEGER NOT NULL CHECK (required >= 1),
            requester_id TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('waiting', 'pending', 'approved', 'rejected', 'cancelled', 'expired')),
            timeout_ms INTEGER,
            on_timeout TEXT NOT NULL CHECK (on_timeout IN ('reject', 'escalate')),
            due_at TEXT,
            escalated_at TEXT,
            decision_at TEXT,
            created_at TEXT NOT NULL,
            UNIQUE (subject_type, subject_id, round, level),
            CHECK ((decision_at IS NULL) = (status IN ('waiting', 'pending')))
        ) STRICT;
        CREATE INDEX approvals_open ON approvals(status, required_role) WHERE status = 'pending';
        CREATE INDEX approvals_due ON approvals(due_at) WHERE status = 'pending' AND due_at IS NOT NULL AND escalated_at IS NULL;

        CREATE TABLE approval_decisions (
            approval_id TEXT NOT NULL REFERENCES approvals(id) ON DELETE CASCADE,
            user_id TEXT NOT NULL,
            decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
            reason TEXT NOT NULL CHECK (decision = 'approve' OR reason <> ''),
            decided_at TEXT NOT NULL,
            PRIMARY KEY (approval_id, user_id)
        ) STRICT;

        CREATE TABLE approval_delegations (
            approval_id TEXT NOT NULL REFERENCES approvals(id) ON DELETE CASCADE,
            from_user_id TEXT NOT NULL,
            to_user_id TEXT NOT NULL CHECK (to_user_id <> from_user_id),
            reason TEXT NOT NULL,
            created_at TEXT NOT NULL,
            PRIMARY KEY (approval_id, from_user_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX approval_delegations_to ON approval_delegations(to_user_id);
        """
}
