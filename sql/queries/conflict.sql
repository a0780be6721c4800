-- Events that contradict each other (src/event/conflict*.c, docs/conflicts.md).

-- name: conflict_peers :many
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param moment time
-- param from_moment time
-- param until_moment time
-- param is_final bool
-- param completion_status text
-- param event_type text
-- param source_system text
-- param limit_rows u64 -- on either side of the moment
-- column id text
-- column revision u64
-- column position i64
-- column event_type text
-- column source_system text
-- column data text
-- column event_data text
-- column timestamp time
-- column happened_at time
-- column practised_on day
-- column outcome text
-- The events of an activity that one of that moment may conflict with, in no order: final ones; or, where it is not
-- final itself, those that may be the same. To put them in order here would cost more than to find them, for their
-- texts would go through a temporary table.
(SELECT e.id, e.revision, e.position, e.event_type, e.source_system,
        COALESCE(e.resolved_data, e.event_data) AS data, e.event_data, e.timestamp, e.happened_at, e.practised_on,
        e.outcome
   FROM progress_events AS e FORCE INDEX (progress_events_activity)
  WHERE e.user_id = :user_id AND e.activity_type = :activity_type AND e.activity_id = :activity_id
    AND e.happened_at BETWEEN :from_moment AND :moment AND e.outcome IN ('applied', 'conflict')
    AND (CASE WHEN :is_final THEN e.completion_status IN ('completed', 'skipped', 'failed')
              ELSE e.completion_status = :completion_status AND e.event_type = :event_type
                   AND e.source_system = :source_system END)
  ORDER BY e.happened_at DESC LIMIT :limit_rows)
 UNION ALL
(SELECT e.id, e.revision, e.position, e.event_type, e.source_system,
        COALESCE(e.resolved_data, e.event_data) AS data, e.event_data, e.timestamp, e.happened_at, e.practised_on,
        e.outcome
   FROM progress_events AS e FORCE INDEX (progress_events_activity)
  WHERE e.user_id = :user_id AND e.activity_type = :activity_type AND e.activity_id = :activity_id
    AND e.happened_at > :moment AND e.happened_at <= :until_moment AND e.outcome IN ('applied', 'conflict')
    AND (CASE WHEN :is_final THEN e.completion_status IN ('completed', 'skipped', 'failed')
              ELSE e.completion_status = :completion_status AND e.event_type = :event_type
                   AND e.source_system = :source_system END)
  ORDER BY e.happened_at LIMIT :limit_rows);

-- name: conflict_open :one
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- column id u64
-- column created_at time
SELECT c.id, c.created_at
  FROM progress_conflicts AS c FORCE INDEX (one_open_conflict)
 WHERE c.user_id = :user_id AND c.open_activity = CONCAT(:activity_type, ':', :activity_id);

-- name: conflict_events :many
-- param user_id u64
-- param conflict_id u64
-- column conflict_id u64
-- column id text
-- column revision u64
-- column position i64
-- column event_type text
-- column source_system text
-- column data text
-- column event_data text
-- column timestamp time
-- column happened_at time
-- column practised_on day
-- column outcome text
-- The events of a list of conflicts, in any order: putting rows with such texts in order takes a temporary table.
SELECT m.conflict_id, e.id, e.revision, e.position, e.event_type, e.source_system,
       COALESCE(e.resolved_data, e.event_data) AS data, e.event_data, e.timestamp, e.happened_at, e.practised_on,
       e.outcome
  FROM progress_conflict_events AS m FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN progress_events AS e FORCE INDEX (PRIMARY) ON e.user_id = m.user_id AND e.id = m.event_id
 WHERE m.conflict_id IN ([[:conflict_id]]) AND m.user_id = :user_id;

-- name: conflict_count_others :one
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param event_ids text -- a JSON list
-- param only_completed bool
-- column others i64
-- Whether another event than these, that counts, says completed; or, more generally, anything but skipped.
SELECT COUNT(*) AS others
  FROM (SELECT e.id
          FROM progress_events AS e FORCE INDEX (progress_events_activity)
         WHERE e.user_id = :user_id AND e.activity_type = :activity_type AND e.activity_id = :activity_id
           AND e.outcome = 'applied' AND e.completion_status <> 'skipped'
           AND (e.completion_status = 'completed' OR NOT :only_completed)
           AND NOT JSON_CONTAINS(:event_ids, JSON_QUOTE(e.id))
         LIMIT 1) AS found;

-- name: conflict_insert :exec
-- param user_id u64
-- param revision u64
-- param conflict_type text
-- param activity_type text
-- param activity_id text
-- param impact text
-- param confidence f64
-- param suggested_resolution text
-- param requires_user_input bool
-- param actual_resolution text null
-- param resolved_by text null
-- param resolved_at time null
-- param created_at time
INSERT INTO progress_conflicts
  (user_id, revision, conflict_type, activity_type, activity_id, impact, confidence, suggested_resolution,
   requires_user_input, actual_resolution, resolved_by, resolved_at, created_at)
VALUES (:user_id, :revision, :conflict_type, :activity_type, :activity_id, :impact, :confidence,
        :suggested_resolution, :requires_user_input, :actual_resolution, :resolved_by, :resolved_at, :created_at);

-- name: conflict_change :exec
-- param id u64
-- param user_id u64
-- param revision u64
-- param conflict_type text
-- param impact text
-- param confidence f64
-- param suggested_resolution text
-- Another event has joined it.
UPDATE progress_conflicts
   SET revision = :revision, conflict_type = :conflict_type, impact = :impact, confidence = :confidence,
       suggested_resolution = :suggested_resolution
 WHERE id = :id AND user_id = :user_id AND resolved_at IS NULL;

-- name: conflict_close :exec
-- param id u64
-- param user_id u64
-- param revision u64
-- param actual_resolution text
-- param resolved_by text
-- param resolved_at time
UPDATE progress_conflicts
   SET revision = :revision, actual_resolution = :actual_resolution, resolved_by = :resolved_by,
       resolved_at = :resolved_at
 WHERE id = :id AND user_id = :user_id AND resolved_at IS NULL;

-- name: conflict_add_events :exec
-- param conflict_id u64
-- param user_id u64
-- param event_id text
INSERT INTO progress_conflict_events (conflict_id, user_id, event_id)
VALUES [[(:conflict_id, :user_id, :event_id)]]
ON DUPLICATE KEY UPDATE event_id = VALUES(event_id);

-- name: conflict_decide :exec
-- param user_id u64
-- param id text
-- param winner text
-- param outcome text -- of the winner
-- param completion_status text
-- param time_spent f64
-- param resolved_data text
-- param happened_at time
-- param practised_on day
-- What a resolution makes of the event that carries it; the others are decided against.
UPDATE progress_events
   SET outcome = IF(id = :winner, :outcome, 'superseded'),
       completion_status = IF(id = :winner, :completion_status, completion_status),
       time_spent = IF(id = :winner, :time_spent, time_spent),
       resolved_data = IF(id = :winner, :resolved_data, resolved_data),
       happened_at = IF(id = :winner, :happened_at, happened_at),
       practised_on = IF(id = :winner, :practised_on, practised_on)
 WHERE user_id = :user_id AND id IN ([[:id]]);

-- name: conflict_one :one
-- param user_id u64
-- param id u64
-- column id u64
-- column revision u64
-- column conflict_type text
-- column activity_type text
-- column activity_id text
-- column impact text
-- column suggested_resolution text
-- column requires_user_input bool
-- column actual_resolution text null
-- column resolved_by text null
-- column resolved_at time null
-- column created_at time
SELECT c.id, c.revision, c.conflict_type, c.activity_type, c.activity_id, c.impact, c.suggested_resolution,
       c.requires_user_input, c.actual_resolution, c.resolved_by, c.resolved_at, c.created_at
  FROM progress_conflicts AS c
 WHERE c.id = :id AND c.user_id = :user_id;

-- name: conflict_list_open :many
-- param user_id u64
-- param impact text null
-- param conflict_type text null
-- param before_id u64
-- param limit_rows u64
-- column id u64
-- column revision u64
-- column conflict_type text
-- column activity_type text
-- column activity_id text
-- column impact text
-- column suggested_resolution text
-- column requires_user_input bool
-- column actual_resolution text null
-- column resolved_by text null
-- column resolved_at time null
-- column created_at time
-- Those that wait, the latest first.
SELECT c.id, c.revision, c.conflict_type, c.activity_type, c.activity_id, c.impact, c.suggested_resolution,
       c.requires_user_input, c.actual_resolution, c.resolved_by, c.resolved_at, c.created_at
  FROM progress_conflicts AS c FORCE INDEX (progress_conflicts_user)
 WHERE c.user_id = :user_id AND c.resolved_at IS NULL AND c.id < :before_id
   AND (:impact IS NULL OR c.impact = :impact) AND (:conflict_type IS NULL OR c.conflict_type = :conflict_type)
 ORDER BY c.id DESC
 LIMIT :limit_rows;

-- name: conflict_list_all :many
-- param user_id u64
-- param impact text null
-- param conflict_type text null
-- param before_id u64
-- param limit_rows u64
-- param only_resolved bool
-- param resolved_since time -- what was resolved before is as good as gone
-- column id u64
-- column revision u64
-- column conflict_type text
-- column activity_type text
-- column activity_id text
-- column impact text
-- column suggested_resolution text
-- column requires_user_input bool
-- column actual_resolution text null
-- column resolved_by text null
-- column resolved_at time null
-- column created_at time
-- The latest first.
SELECT c.id, c.revision, c.conflict_type, c.activity_type, c.activity_id, c.impact, c.suggested_resolution,
       c.requires_user_input, c.actual_resolution, c.resolved_by, c.resolved_at, c.created_at
  FROM progress_conflicts AS c FORCE INDEX (progress_conflicts_user)
 WHERE c.user_id = :user_id AND c.id < :before_id
   AND (c.resolved_at >= :resolved_since OR (c.resolved_at IS NULL AND NOT :only_resolved))
   AND (:impact IS NULL OR c.impact = :impact) AND (:conflict_type IS NULL OR c.conflict_type = :conflict_type)
 ORDER BY c.id DESC
 LIMIT :limit_rows;
