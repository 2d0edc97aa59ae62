-- The first schema. Never edited after a release; changes come as new files.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE vault_key (
    key_id        TEXT PRIMARY KEY,
    canary_key_id TEXT NOT NULL,
    canary        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connection (
    id           TEXT PRIMARY KEY,
    key          TEXT,
    tenant       TEXT NOT NULL,
    app          TEXT NOT NULL,
    auth_method  TEXT NOT NULL,
    name         TEXT NOT NULL,
    account_id   TEXT,
    account      TEXT,
    state        TEXT NOT NULL CHECK (state IN ('connecting', 'connected', 'disconnected', 'paused')),
    session      TEXT,
    reason       TEXT,
    since        INTEGER,
    paused_until INTEGER,
    fields       TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    meta         TEXT NOT NULL,
    generation   INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    archived_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX connection_list ON connection (tenant, app, name, id);
CREATE INDEX connection_state ON connection (state) WHERE archived_at IS NULL;
CREATE UNIQUE INDEX connection_key ON connection (tenant, key) WHERE key IS NOT NULL AND archived_at IS NULL;

CREATE TABLE credential (
    connection_id      TEXT PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
    sealed_key_id      TEXT NOT NULL,
    sealed             BLOB NOT NULL,
    previous_key_id    TEXT,
    previous           BLOB,
    generation         INTEGER NOT NULL,
    obtained_at        INTEGER NOT NULL,
    expires_at         INTEGER,
    refresh_expires_at INTEGER,
    has_refresh        INTEGER NOT NULL,
    next_refresh_at    INTEGER,
    retry_attempts     INTEGER NOT NULL,
    next_retry_at      INTEGER,
    last_error         TEXT,
    failing_since      INTEGER,
    last_refresh_at    INTEGER,
    device_id          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- What is due is read often and the sealed records are large: the due time has an index of its own.
CREATE INDEX credential_due ON credential (COALESCE(next_retry_at, next_refresh_at)) WHERE has_refresh = 1;
CREATE INDEX credential_end ON credential (expires_at) WHERE has_refresh = 0;

CREATE TABLE refresh_journal (
    connection_id TEXT PRIMARY KEY REFERENCES connection (id) ON DELETE CASCADE,
    generation    INTEGER NOT NULL,
    token_hash    BLOB NOT NULL,
    sent_at       INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('in_flight', 'ambiguous'))
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    id             TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    connection_id  TEXT,
    final          INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    public         TEXT NOT NULL,
    context        TEXT NOT NULL,
    state_hash     BLOB,
    secrets_key_id TEXT,
    secrets        BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX session_state ON session (state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX session_open ON session (final, expires_at);

CREATE TABLE event (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    tenant        TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    app           TEXT NOT NULL,
    reason        TEXT,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX event_connection ON event (connection_id, seq);

CREATE TABLE client (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    token_hash     BLOB NOT NULL UNIQUE,
    may_get_tokens INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    last_used_at   INTEGER,
    revoked_at     INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE oauth_client (
    app           TEXT PRIMARY KEY,
    client_id     TEXT NOT NULL,
    secret_key_id TEXT,
    secret        BLOB,
    updated_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
