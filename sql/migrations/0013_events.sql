-- Progress events (document 003), and the systems that progress flows between. Those systems' tables (todos,
-- schedule_entries, video_progress, learning_paths, skills, ai_journey, chat_mentions) are also written by other
-- applications: every column that they need not know has a default.

-- What a client, or another system, says that a learner did. As it came in event_data; what counts of it in the
-- columns. A resolution of a conflict changes the columns, and resolved_data; never event_data.
--
-- outcome: applied (it counts); duplicate (another event says the same); conflict (waits for the learner to
-- decide); superseded (decided against); pending (its processing failed, and is tried again). Only what is applied
-- counts anywhere.
CREATE TABLE progress_events (
  user_id BIGINT UNSIGNED NOT NULL,
  id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  revision BIGINT UNSIGNED NOT NULL,
  position INT UNSIGNED NOT NULL DEFAULT 0,
  event_type VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_system VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  activity_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  activity_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  completion_status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  time_spent DECIMAL(10, 2) NOT NULL DEFAULT 0,
  event_data LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  resolved_data LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  timestamp DATETIME(3) NOT NULL,
  happened_at DATETIME(3) NOT NULL,
  practised_on DATE NOT NULL,
  outcome VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'applied',
  processed BOOLEAN NOT NULL DEFAULT TRUE,
  processing_errors LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  retry_count INT UNSIGNED NOT NULL DEFAULT 0,
  retry_at DATETIME(3) NULL,
  content_hash BINARY(32) NOT NULL,
  result LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, id),
  KEY progress_events_order (user_id, revision, position),
  KEY progress_events_activity (user_id, activity_type, activity_id, happened_at),
  KEY progress_events_happened (user_id, happened_at),
  KEY progress_events_waiting (processed, user_id, retry_at),
  CONSTRAINT progress_events_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT progress_events_type CHECK (event_type IN ('video_completed', 'todo_completed', 'schedule_completed',
    'milestone_reached', 'skill_assessed', 'path_progress_updated')),
  CONSTRAINT progress_events_source CHECK (source_system IN ('video_player', 'todo_manager', 'calendar_service',
    'ai_journey', 'learning_path_generator', 'chat_system')),
  CONSTRAINT progress_events_activity_type CHECK (activity_type IN ('video', 'practice', 'project', 'quiz',
    'milestone')),
  CONSTRAINT progress_events_status CHECK (completion_status IN ('started', 'in_progress', 'completed', 'skipped',
    'failed')),
  CONSTRAINT progress_events_outcome CHECK (outcome IN ('applied', 'duplicate', 'conflict', 'superseded', 'pending')),
  CONSTRAINT progress_events_data CHECK (JSON_VALID(event_data))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What the applied events prove of an activity on a day of the learner's. The time of an activity on a day is the
-- longest that any event of that day says of it: an activity that two systems tell of is not counted twice, and one
-- that tells of its progress several times tells the whole each time.
CREATE TABLE activity_days (
  user_id BIGINT UNSIGNED NOT NULL,
  day DATE NOT NULL,
  activity_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  activity_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  events INT UNSIGNED NOT NULL DEFAULT 0,
  time_spent DECIMAL(10, 2) NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day, activity_type, activity_id),
  KEY activity_days_activity (user_id, activity_type, activity_id),
  CONSTRAINT activity_days_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What the applied events prove of an activity. status: completed once any event says so; else in_progress where one
-- says started, in_progress or failed; else skipped. completed_at is the earliest completion.
CREATE TABLE activities (
  user_id BIGINT UNSIGNED NOT NULL,
  activity_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  activity_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  time_spent DECIMAL(12, 2) NOT NULL DEFAULT 0,
  first_at DATETIME(3) NOT NULL,
  last_at DATETIME(3) NOT NULL,
  completed_at DATETIME(3) NULL,
  completed_on DATE NULL,
  revision BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, activity_type, activity_id),
  KEY activities_recent (user_id, last_at),
  KEY activities_completed (user_id, completed_on),
  CONSTRAINT activities_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT activities_status CHECK (status IN ('completed', 'in_progress', 'skipped'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The sums over a learner's activities, moved by each event.
CREATE TABLE user_progress_summary (
  user_id BIGINT UNSIGNED NOT NULL,
  total_activities INT UNSIGNED NOT NULL DEFAULT 0,
  completed_activities INT UNSIGNED NOT NULL DEFAULT 0,
  in_progress_activities INT UNSIGNED NOT NULL DEFAULT 0,
  percentage_complete DECIMAL(5, 2) NOT NULL DEFAULT 0,
  total_time_spent DECIMAL(14, 2) NOT NULL DEFAULT 0,
  completed_videos INT UNSIGNED NOT NULL DEFAULT 0,
  completed_practices INT UNSIGNED NOT NULL DEFAULT 0,
  completed_projects INT UNSIGNED NOT NULL DEFAULT 0,
  completed_quizzes INT UNSIGNED NOT NULL DEFAULT 0,
  completed_milestones INT UNSIGNED NOT NULL DEFAULT 0,
  last_activity_at DATETIME(3) NULL,
  last_sync_time DATETIME(3) NULL,
  data_consistency_score DECIMAL(4, 3) NOT NULL DEFAULT 1,
  scored_at DATETIME(3) NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id),
  CONSTRAINT user_progress_summary_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Events that contradict each other about one activity (docs/conflicts.md). At most one is open for an activity.
CREATE TABLE progress_conflicts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  revision BIGINT UNSIGNED NOT NULL,
  conflict_type VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  activity_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  activity_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  impact VARCHAR(8) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  confidence DECIMAL(4, 3) NOT NULL,
  suggested_resolution LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  requires_user_input BOOLEAN NOT NULL DEFAULT FALSE,
  actual_resolution LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  resolved_by VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  resolved_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  open_activity VARCHAR(210) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    GENERATED ALWAYS AS (IF(resolved_at IS NULL, CONCAT(activity_type, ':', activity_id), NULL)) STORED,
  PRIMARY KEY (id),
  UNIQUE KEY one_open_conflict (user_id, open_activity),
  KEY progress_conflicts_user (user_id, resolved_at, id),
  CONSTRAINT progress_conflicts_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT progress_conflicts_type CHECK (conflict_type IN ('timestamp_mismatch', 'completion_status_conflict',
    'duplicate_event', 'data_inconsistency')),
  CONSTRAINT progress_conflicts_impact CHECK (impact IN ('low', 'medium', 'high'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE progress_conflict_events (
  conflict_id BIGINT UNSIGNED NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  event_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (conflict_id, event_id),
  KEY progress_conflict_events_event (user_id, event_id),
  CONSTRAINT progress_conflict_events_conflict FOREIGN KEY (conflict_id) REFERENCES progress_conflicts (id)
    ON DELETE CASCADE,
  CONSTRAINT progress_conflict_events_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The receipt for every row that an event, or a rule, brought along elsewhere: before and after as JSON objects of
-- column to text or null; before_values is NULL where the row was put in. event_id is the event's, or `rule:` and the
-- rule's name. What has a receipt, undone or not, is brought along by no rule again: who reopened it meant it.
CREATE TABLE propagations (
  user_id BIGINT UNSIGNED NOT NULL,
  event_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  target_table VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  target_key VARCHAR(320) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  target_system VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  position INT UNSIGNED NOT NULL DEFAULT 0,
  before_values LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  after_values LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  because VARCHAR(255) NOT NULL DEFAULT '',
  revision BIGINT UNSIGNED NOT NULL DEFAULT 0,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  undone_at DATETIME(3) NULL,
  undone_by VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (user_id, event_id, target_table, target_key),
  KEY propagations_target (user_id, target_table, target_key),
  CONSTRAINT propagations_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Earned once each; id is that of the definition (achievements/*.yaml).
CREATE TABLE achievements (
  user_id BIGINT UNSIGNED NOT NULL,
  id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  achievement_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  title VARCHAR(190) NOT NULL,
  description VARCHAR(500) NOT NULL DEFAULT '',
  metadata LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  trigger_event_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  is_public BOOLEAN NOT NULL DEFAULT FALSE,
  revision BIGINT UNSIGNED NOT NULL DEFAULT 0,
  earned_at DATETIME(3) NOT NULL,
  PRIMARY KEY (user_id, id),
  KEY achievements_public (is_public, earned_at),
  CONSTRAINT achievements_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT achievements_type CHECK (achievement_type IN ('completion', 'streak', 'speed', 'consistency',
    'milestone'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE milestones (
  user_id BIGINT UNSIGNED NOT NULL,
  milestone_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  title VARCHAR(190) NOT NULL,
  target BIGINT UNSIGNED NOT NULL DEFAULT 1,
  progress BIGINT UNSIGNED NOT NULL DEFAULT 0,
  reached_at DATETIME(3) NULL,
  event_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  revision BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, milestone_id),
  CONSTRAINT milestones_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- How the events of one system have reached another.
CREATE TABLE system_sync_status (
  user_id BIGINT UNSIGNED NOT NULL,
  source_system VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  target_system VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  last_sync_time DATETIME(3) NULL,
  last_delay_ms BIGINT UNSIGNED NOT NULL DEFAULT 0,
  sync_status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'healthy',
  pending_events_count INT UNSIGNED NOT NULL DEFAULT 0,
  error_details LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, source_system, target_system),
  KEY system_sync_status_health (sync_status, source_system, target_system),
  CONSTRAINT system_sync_status_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT system_sync_status_state CHECK (sync_status IN ('healthy', 'delayed', 'failed', 'conflict'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE notifications (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  revision BIGINT UNSIGNED NOT NULL,
  kind VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  data LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  read_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  KEY notifications_user (user_id, read_at, id),
  KEY notifications_read (read_at),
  CONSTRAINT notifications_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The systems' own tables. Ids are those of the applications; each learner has their own.

CREATE TABLE todos (
  user_id BIGINT UNSIGNED NOT NULL,
  id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  title VARCHAR(300) NOT NULL DEFAULT '',
  status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'pending',
  due_at DATETIME(3) NULL,
  completed_at DATETIME(3) NULL,
  rating INT UNSIGNED NULL,
  notes TEXT NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, id),
  KEY todos_status (user_id, status, due_at),
  KEY todos_updated (user_id, updated_at),
  CONSTRAINT todos_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT todos_state CHECK (status IN ('pending', 'in_progress', 'completed', 'cancelled'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The videos that a todo is about; it is done once all of them are.
CREATE TABLE todo_videos (
  user_id BIGINT UNSIGNED NOT NULL,
  todo_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  video_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (user_id, todo_id, video_id),
  KEY todo_videos_video (user_id, video_id),
  CONSTRAINT todo_videos_todo FOREIGN KEY (user_id, todo_id) REFERENCES todos (user_id, id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- A calendar entry may stand for a todo, or a video, of another system, which may come later or never.
CREATE TABLE schedule_entries (
  user_id BIGINT UNSIGNED NOT NULL,
  id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  title VARCHAR(300) NOT NULL DEFAULT '',
  starts_at DATETIME(3) NOT NULL,
  ends_at DATETIME(3) NULL,
  video_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  todo_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'planned',
  actual_start DATETIME(3) NULL,
  actual_end DATETIME(3) NULL,
  rescheduled_from DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, id),
  KEY schedule_entries_time (user_id, starts_at),
  KEY schedule_entries_video (user_id, video_id, status),
  KEY schedule_entries_todo (user_id, todo_id, status),
  KEY schedule_entries_status (user_id, status, starts_at),
  KEY schedule_entries_updated (user_id, updated_at),
  CONSTRAINT schedule_entries_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT schedule_entries_state CHECK (status IN ('planned', 'in_progress', 'completed', 'skipped', 'cancelled'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE video_progress (
  user_id BIGINT UNSIGNED NOT NULL,
  video_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  youtube_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  percentage_watched DECIMAL(5, 2) NOT NULL DEFAULT 0,
  seconds_watched BIGINT UNSIGNED NOT NULL DEFAULT 0,
  status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'in_progress',
  completed_at DATETIME(3) NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, video_id),
  KEY video_progress_updated (user_id, updated_at),
  CONSTRAINT video_progress_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT video_progress_state CHECK (status IN ('not_started', 'in_progress', 'completed')),
  CONSTRAINT video_progress_percentage CHECK (percentage_watched BETWEEN 0 AND 100)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE learning_paths (
  user_id BIGINT UNSIGNED NOT NULL,
  id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  title VARCHAR(300) NOT NULL DEFAULT '',
  status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'active',
  created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, id),
  KEY learning_paths_updated (user_id, updated_at),
  CONSTRAINT learning_paths_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT learning_paths_state CHECK (status IN ('active', 'completed', 'abandoned'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE learning_path_steps (
  user_id BIGINT UNSIGNED NOT NULL,
  path_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  step_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  step_index INT UNSIGNED NOT NULL DEFAULT 0,
  title VARCHAR(300) NOT NULL DEFAULT '',
  activity_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  activity_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  skills LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  status VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'pending',
  completed_at DATETIME(3) NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, path_id, step_id),
  KEY learning_path_steps_activity (user_id, activity_type, activity_id),
  CONSTRAINT learning_path_steps_path FOREIGN KEY (user_id, path_id) REFERENCES learning_paths (user_id, id)
    ON DELETE CASCADE,
  CONSTRAINT learning_path_steps_state CHECK (status IN ('pending', 'in_progress', 'completed', 'skipped'))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- How far a learner is on a path: steps that are completed, over all of them.
CREATE TABLE path_progress (
  user_id BIGINT UNSIGNED NOT NULL,
  path_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  completed_steps INT UNSIGNED NOT NULL DEFAULT 0,
  total_steps INT UNSIGNED NOT NULL DEFAULT 0,
  percentage DECIMAL(5, 2) NOT NULL DEFAULT 0,
  current_step_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  completed_at DATETIME(3) NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, path_id),
  CONSTRAINT path_progress_path FOREIGN KEY (user_id, path_id) REFERENCES learning_paths (user_id, id)
    ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE skills (
  user_id BIGINT UNSIGNED NOT NULL,
  skill_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  category VARCHAR(96) NOT NULL DEFAULT '',
  level VARCHAR(64) NOT NULL DEFAULT '',
  confidence DECIMAL(4, 3) NOT NULL DEFAULT 0,
  assessed_at DATETIME(3) NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id, skill_id),
  CONSTRAINT skills_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Where a learner stands in the journey. The counts are those of activities that are completed, and of skills.
CREATE TABLE ai_journey (
  user_id BIGINT UNSIGNED NOT NULL,
  current_path VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  current_step VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  completed_activities INT UNSIGNED NOT NULL DEFAULT 0,
  skills_gained INT UNSIGNED NOT NULL DEFAULT 0,
  last_activity_at DATETIME(3) NULL,
  updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (user_id),
  CONSTRAINT ai_journey_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What the chat may congratulate on.
CREATE TABLE chat_mentions (
  user_id BIGINT UNSIGNED NOT NULL,
  activity_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  activity_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  completed_at DATETIME(3) NOT NULL,
  mentioned_at DATETIME(3) NULL,
  PRIMARY KEY (user_id, activity_type, activity_id),
  CONSTRAINT chat_mentions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
