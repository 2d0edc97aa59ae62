-- Tenants, workspaces that name them, requests to connect, origins that may frame pages, and one-time links.
CREATE TABLE workspace (
    client_id     TEXT PRIMARY KEY REFERENCES client (id) ON DELETE CASCADE,
    key           TEXT NOT NULL UNIQUE,
    secret_key_id TEXT NOT NULL,
    secret        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant (
    id             TEXT PRIMARY KEY,
    client_id      TEXT NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    internal_id    TEXT NOT NULL,
    name           TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tenant_key ON tenant (client_id, internal_id);

CREATE TABLE connection_request (
    id         TEXT PRIMARY KEY,
    tenant     TEXT NOT NULL,
    pending    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    public     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX connection_request_pending ON connection_request (pending, expires_at);

CREATE TABLE approved_origin (
    origin      TEXT PRIMARY KEY,
    approved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE page_link (
    code_hash  BLOB PRIMARY KEY,
    grant_json TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX page_link_end ON page_link (expires_at);
