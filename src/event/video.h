/* How far a learner has watched a video. It never falls; watched to its end it is an event (video_completed
 * of video_player). */
#ifndef LOCKSTEP_EVENT_VIDEO_H
#define LOCKSTEP_EVENT_VIDEO_H

#include "event/system.h"

#define VIDEO_YOUTUBE_CHARACTERS 64
#define VIDEO_SECONDS_MAX ((int64_t)EVENT_MINUTES_MAX * 60)

enum video_status { VIDEO_NOT_STARTED, VIDEO_IN_PROGRESS, VIDEO_COMPLETED };
extern const char *const video_status_names[]; /* NULL-terminated */

struct video_progress {
  const char *video_id;
  const char *youtube_id;
  double percentage_watched;
  uint64_t seconds_watched;
  int status; /* enum video_status */
  bool completed;
  int64_t completed_at_ms;
  enum presence completed_at_given;
  int64_t updated_at_ms;
  enum presence updated_at_given;
};
extern const struct schema video_progress_schema;

/* What a player tells. What is absent, or less than what stands, changes nothing. */
struct video_body {
  double percentage_watched;
  enum presence percentage_given;
  uint64_t seconds_watched;
  const char *youtube_id;
  int status;
  enum presence status_given;
  int64_t completed_at_ms;
  enum presence completed_at_given;
};
extern const struct schema video_body_schema;

struct video_reply {
  bool success;
  struct video_progress progress;
  uint64_t revision;
  struct system_outcome outcome;
};
extern const struct schema video_reply_schema;

/* struct system_input with a struct video_body; the reply is a struct video_reply. */
extern const struct ledger_kind video_kind;

/* Of a video that the learner never watched: not started. */
bool video_read_progress(struct db *db, uint64_t user_id, const char *video_id, struct arena *arena,
                         struct error *error, struct video_progress *ret_progress) WARN_UNUSED;

#endif
