-- Who used a connection: one row for each burst of uses, so that a busy tool leaves a line and not a thousand.
CREATE TABLE access_use (
    id            TEXT PRIMARY KEY,
    connection_id TEXT NOT NULL,
    app           TEXT NOT NULL,
    caller        TEXT NOT NULL CHECK (caller IN ('console', 'terminal', 'client')),
    client        TEXT,
    first_at      INTEGER NOT NULL,
    last_at       INTEGER NOT NULL,
    uses          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_use_time ON access_use (last_at);
CREATE INDEX access_use_connection ON access_use (connection_id, last_at);
CREATE INDEX event_time ON event (created_at);
