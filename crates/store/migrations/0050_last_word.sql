-- An end is announced a second time, a day before: after the first word `announced_end` is that day, after the last the end.
DROP VIEW ahead;
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
    UNION ALL SELECT c.id, 'announce', CASE WHEN k.has_refresh = 1 THEN k.refresh_expires_at ELSE k.expires_at END -
            CASE WHEN k.announced_end IS CASE WHEN k.has_refresh = 1 THEN k.refresh_expires_at ELSE k.expires_at END - 86400000
                THEN 86400000 ELSE 604800000 END
        FROM connection AS c JOIN credential AS k ON k.connection_id = c.id
        WHERE c.state = 'connected' AND c.archived_at IS NULL
            AND (k.has_refresh = 0 AND k.expires_at - k.obtained_at > 691200000 AND k.announced_end IS NOT k.expires_at
                OR k.has_refresh = 1 AND k.refresh_end_fixed = 1 AND k.announced_end IS NOT k.refresh_expires_at)
    UNION ALL SELECT k.connection_id, 'forget', k.previous_until
        FROM credential AS k WHERE k.previous IS NOT NULL
    UNION ALL SELECT c.id, 'wake', c.paused_until
        FROM connection AS c WHERE c.state = 'paused' AND c.archived_at IS NULL;

DELETE FROM due WHERE task = 'announce';
INSERT INTO due SELECT connection_id, task, at FROM ahead WHERE task = 'announce' AND at IS NOT NULL;
