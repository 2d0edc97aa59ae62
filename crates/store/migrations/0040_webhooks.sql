-- Webhooks, and the outbox of what is to be delivered to them.
CREATE TABLE webhook (
    id              TEXT PRIMARY KEY,
    url             TEXT NOT NULL,
    events          TEXT NOT NULL,
    tenant          TEXT,
    allow_local     INTEGER NOT NULL,
    include_account INTEGER NOT NULL,
    off             TEXT,
    secret_key_id   TEXT NOT NULL,
    secret          BLOB NOT NULL,
    previous_key_id TEXT,
    previous        BLOB,
    previous_until  INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    webhook_id    TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_id      TEXT NOT NULL,
    kind          TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    payload       TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts      INTEGER NOT NULL,
    next_at       INTEGER,
    last_status   INTEGER,
    last_error    TEXT,
    created_at    INTEGER NOT NULL,
    finished_at   INTEGER
) STRICT;
-- The waiting ones are few and read often; the rest is history.
CREATE INDEX delivery_lane ON delivery (webhook_id, connection_id, seq) WHERE state = 'waiting';
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'waiting';
CREATE INDEX delivery_list ON delivery (webhook_id, seq);
CREATE INDEX delivery_end ON delivery (finished_at) WHERE state <> 'waiting';
