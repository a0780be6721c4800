-- rule: event_is_processed
-- summary: No progress event waits for a minute without being tried again.
-- severity: warning
-- on-read: no
-- order: 72
-- limit: 10 % or 5000 rows
-- changes: progress_events.retry_at

-- The processing of an event failed, and so did every try after it; or another application wrote the event, and
-- nobody was told. The repair makes it due, and the job process_events tries it once more.
SELECT e.user_id,
       'progress_events' AS `table`,
       JSON_OBJECT('user_id', e.user_id, 'id', e.id) AS `key`,
       'set' AS `action`,
       'retry_at' AS `column`,
       NULL AS actual,
       CAST(e.created_at AS CHAR) AS wanted
  FROM progress_events AS e FORCE INDEX (progress_events_waiting)
  JOIN users AS u ON u.id = e.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
 WHERE e.processed = FALSE AND e.user_id BETWEEN :from AND :to AND e.retry_at IS NULL
   AND e.created_at < DATE_SUB(UTC_TIMESTAMP(3), INTERVAL 1 MINUTE);
