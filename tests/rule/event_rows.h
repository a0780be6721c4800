/* What progress events leave behind, for tests of the rules over it. */
#ifndef LOCKSTEP_TESTS_EVENT_ROWS_H
#define LOCKSTEP_TESTS_EVENT_ROWS_H

#include "shipped_fixture.h"

#define EVENT_TABLES 21

/* A row in every table of progress events, and in those of the systems; all rules hold over them. */
static inline void event_rows_add(uint64_t user_id) {
  static const char *const rows[] = {
      "achievements (user_id, id, achievement_type, title, earned_at) VALUES (%llu, 'a', 'speed', '', NOW())",
      "activities (user_id, activity_type, activity_id, status, first_at, last_at, completed_at, "
      "completed_on)"
      " VALUES (%llu, 'video', 'v\"1', 'completed', '2026-01-01', '2026-01-01', '2026-01-01', '2026-01-01')",
      "activity_days (user_id, day, activity_type, activity_id, events) VALUES (%llu, '2026-01-01', 'video',"
      " 'v\"1', 1)",
      "milestones (user_id, milestone_id, title) VALUES (%llu, 'm', '')",
      "notifications (user_id, revision, kind, data) VALUES (%llu, 1, 'k', '{}')",
      "progress_conflicts (user_id, revision, conflict_type, activity_type, activity_id, impact, confidence,"
      " suggested_resolution) VALUES (%llu, 1, 'duplicate_event', 'video', 'v', 'low', 0.5, '{}')",
      "progress_events (user_id, id, revision, event_type, source_system, activity_type, activity_id,"
      " completion_status, event_data, timestamp, happened_at, practised_on, content_hash) VALUES (%llu, "
      "'e', 1,"
      " 'video_completed', 'video_player', 'video', 'v\"1', 'completed', '{}', '2026-01-01', '2026-01-01',"
      " '2026-01-01', '')",
      "propagations (user_id, event_id, target_table, target_key, target_system, after_values) VALUES (%llu, "
      "'e',"
      " 'todos', 't', 'todo_manager', '{}')",
      "system_sync_status (user_id, source_system, target_system) VALUES (%llu, 'video_player', "
      "'todo_manager')",
      "user_progress_summary (user_id, total_activities, completed_activities, percentage_complete,"
      " completed_videos, last_activity_at) VALUES (%llu, 1, 1, 100, 1, '2026-01-01')",
      "ai_journey (user_id, completed_activities, skills_gained) VALUES (%llu, 1, 1)",
      "chat_mentions (user_id, activity_type, activity_id, completed_at) VALUES (%llu, 'video', 'v', NOW())",
      "learning_paths (user_id, id) VALUES (%llu, 'p')",
      "schedule_entries (user_id, id, starts_at) VALUES (%llu, 's', '2026-01-01')",
      "skills (user_id, skill_id) VALUES (%llu, 'k')",
      "todos (user_id, id) VALUES (%llu, 't')",
      "video_progress (user_id, video_id) VALUES (%llu, 'v')",
      "learning_path_steps (user_id, path_id, step_id) VALUES (%llu, 'p', 's')",
      "path_progress (user_id, path_id, total_steps, current_step_id) VALUES (%llu, 'p', 1, 's')",
      "progress_conflict_events (user_id, conflict_id, event_id) SELECT user_id, id, 'e' FROM "
      "progress_conflicts"
      " WHERE user_id = %llu",
      "todo_videos (user_id, todo_id, video_id) VALUES (%llu, 't', 'v')",
  };
  for (size_t at = 0; at < ARRAY_LENGTH(rows); at++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    run_text(
        arena_printf(fixture.arena, arena_printf(fixture.arena, "INSERT INTO %s", rows[at]), ID(user_id)));
#pragma GCC diagnostic pop
  }
}

#endif
