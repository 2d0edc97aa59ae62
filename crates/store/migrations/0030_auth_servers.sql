-- Authorization servers that were found by their metadata, and the client that registered itself at each.
CREATE TABLE auth_server (
    issuer            TEXT PRIMARY KEY,
    metadata          TEXT NOT NULL,
    fetched_at        INTEGER NOT NULL,
    client            TEXT,
    secret_key_id     TEXT,
    secret            BLOB,
    secret_expires_at INTEGER
) STRICT, WITHOUT ROWID;
