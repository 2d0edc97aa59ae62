-- What is due, in a narrow table of its own: looking for it reads neither healthy rows nor sealed records.
ALTER TABLE credential ADD COLUMN previous_until INTEGER;
ALTER TABLE credential ADD COLUMN refresh_end_fixed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credential ADD COLUMN next_check_at INTEGER;
ALTER TABLE credential ADD COLUMN rejected_at INTEGER;
ALTER TABLE credential ADD COLUMN announced_end INTEGER;

DROP INDEX credential_due;
DROP INDEX credential_end;

CREATE TABLE due (
    connection_id TEXT NOT NULL REFERENCES connection (id) ON DELETE CASCADE,
    task          TEXT NOT NULL CHECK (task IN ('renew', 'end', 'check', 'announce', 'forget', 'wake')),
    at            INTEGER NOT NULL,
    PRIMARY KEY (connection_id, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_at ON due (at, connection_id, task);

-- What each connection has ahead, by the facts in its rows. An end is announced seven days before, where it is
-- further away than eight days at first.
CREATE VIEW ahead (connection_id, task, at) AS
    SELECT c.id, 'renew', COALESCE(k.next_retry_at, k.next_refresh_at)
        FROM connection AS c JOIN credential AS k ON k.connection_id = c.id
        WHERE c.state = 'connected' AND c.archived_at IS NULL AND k.has_refresh = 1
    UNION ALL SELECT c.id, 'end', k.expires_at
        FROM connection AS c JOIN credential AS k ON k.connection_id = c.id
        WHERE c.state = 'connected' AND c.archived_at IS NULL AND k.has_refresh = 0
    UNION ALL SELECT c.id, 'check', k.next_check_at
        FROM connection AS c JOIN credential AS k ON k.connection_id = c.id
        WHERE c.state = 'connected' AND c.archived_at IS NULL
    UNION ALL SELECT c.id, 'announce', CASE WHEN k.has_refresh = 1 THEN k.refresh_expires_at ELSE k.expires_at END - 604800000
        FROM connection AS c JOIN credential AS k ON k.connection_id = c.id
        WHERE c.state = 'connected' AND c.archived_at IS NULL
            AND (k.has_refresh = 0 AND k.expires_at - k.obtained_at > 691200000 AND k.announced_end IS NOT k.expires_at
                OR k.has_refresh = 1 AND k.refresh_end_fixed = 1 AND k.announced_end IS NOT k.refresh_expires_at)
    UNION ALL SELECT k.connection_id, 'forget', k.previous_until
        FROM credential AS k WHERE k.previous IS NOT NULL
    UNION ALL SELECT c.id, 'wake', c.paused_until
        FROM connection AS c WHERE c.state = 'paused' AND c.archived_at IS NULL;

INSERT INTO due SELECT connection_id, task, at FROM ahead WHERE at IS NOT NULL;

CREATE TRIGGER due_of_connection AFTER UPDATE ON connection
WHEN OLD.state IS NOT NEW.state OR OLD.archived_at IS NOT NEW.archived_at OR OLD.paused_until IS NOT NEW.paused_until
BEGIN
    DELETE FROM due WHERE connection_id = NEW.id;
    INSERT INTO due SELECT connection_id, task, at FROM ahead WHERE connection_id = NEW.id AND at IS NOT NULL;
END;
CREATE TRIGGER due_of_first_connection AFTER INSERT ON connection
BEGIN
    INSERT INTO due SELECT connection_id, task, at FROM ahead WHERE connection_id = NEW.id AND at IS NOT NULL;
END;
CREATE TRIGGER due_of_credential AFTER UPDATE ON credential
BEGIN
    DELETE FROM due WHERE connection_id = NEW.connection_id;
    INSERT INTO due SELECT connection_id, task, at FROM ahead WHERE connection_id = NEW.connection_id AND at IS NOT NULL;
END;
CREATE TRIGGER due_of_first_credential AFTER INSERT ON credential
BEGIN
    DELETE FROM due WHERE connection_id = NEW.connection_id;
    INSERT INTO due SELECT connection_id, task, at FROM ahead WHERE connection_id = NEW.connection_id AND at IS NOT NULL;
END;
CREATE TRIGGER due_of_no_credential AFTER DELETE ON credential
BEGIN
    DELETE FROM due WHERE connection_id = OLD.connection_id AND task <> 'wake';
END;

-- Credentials of archived connections that their provider has not been told to revoke yet.
CREATE TABLE revocation (
    id            TEXT PRIMARY KEY,
    app           TEXT NOT NULL,
    auth_method   TEXT NOT NULL,
    fields        TEXT NOT NULL,
    sealed_key_id TEXT NOT NULL,
    sealed        BLOB NOT NULL,
    attempts      INTEGER NOT NULL,
    next_at       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocation_next ON revocation (next_at);
