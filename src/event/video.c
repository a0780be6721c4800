#include "event/video.h"

#include <math.h>

#include "queries/video.h"

#include "base/banned.h"

const char *const video_status_names[] = {"not_started", "in_progress", "completed", NULL};

static const struct field progress_fields[] = {
    FIELD_TEXT(struct video_progress, "videoId", video_id, .flags = FIELD_REQUIRED, .summary = "The video."),
    FIELD_TEXT(struct video_progress, "youtubeId", youtube_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Its name where it is shown."),
    FIELD_NUMBER(struct video_progress, "percentageWatched", percentage_watched, .flags = FIELD_REQUIRED,
                 .summary = "How much of it was watched; it never falls."),
    FIELD_UINT(struct video_progress, "secondsWatched", seconds_watched, .flags = FIELD_REQUIRED,
               .summary = "For how long; it never falls."),
    FIELD_ENUM(struct video_progress, "status", status, .names = video_status_names, .flags = FIELD_REQUIRED,
               .summary = "How far it is."),
    FIELD_BOOL(struct video_progress, "completed", completed, .flags = FIELD_REQUIRED,
               .summary = "Whether its status is completed."),
    FIELD_TIME(struct video_progress, "completedAt", completed_at_ms,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct video_progress, completed_at_given),
               .summary = "When it was first watched to its end."),
    FIELD_TIME(struct video_progress, "updatedAt", updated_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct video_progress, updated_at_given),
               .summary = "When this last changed; null: never watched."),
};
const struct schema video_progress_schema = SCHEMA("VideoProgress", struct video_progress, progress_fields,
                                                   .summary = "How far the learner is with a video.");

static const struct field body_fields[] = {
    FIELD_NUMBER(struct video_body, "percentageWatched", percentage_watched, .minimum = 0, .maximum = 100,
                 .presence = PRESENCE(struct video_body, percentage_given),
                 .summary = "How much of it was watched. 100 completes it, which is an event."),
    FIELD_UINT(struct video_body, "secondsWatched", seconds_watched, .maximum = VIDEO_SECONDS_MAX,
               .summary = "For how long, altogether."),
    FIELD_TEXT(struct video_body, "youtubeId", youtube_id, .minimum = 1, .maximum = VIDEO_YOUTUBE_CHARACTERS,
               .check = system_check_name, .summary = "Its name where it is shown.",
               .example = "\"dQw4w9WgXcQ\""),
    FIELD_ENUM(struct video_body, "status", status, .names = video_status_names,
               .presence = PRESENCE(struct video_body, status_given),
               .summary = "completed completes it, whatever the percentage."),
    FIELD_TIME(struct video_body, "completedAt", completed_at_ms,
               .presence = PRESENCE(struct video_body, completed_at_given),
               .summary = "When it was watched to its end; now, when not sent. At most "
                          "offline.max_age_days ago."),
};
const struct schema video_body_schema =
    SCHEMA("VideoProgressBody", struct video_body, body_fields, .summary = "What a player tells of a video.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct video_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_OBJECT(struct video_reply, "progress", progress, .object = &video_progress_schema,
                 .flags = FIELD_REQUIRED, .summary = "How far the learner is now."),
    FIELD_UINT(struct video_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
    SYSTEM_OUTCOME_FIELDS(struct video_reply, outcome),
};
const struct schema video_reply_schema =
    SCHEMA("VideoProgressReply", struct video_reply, reply_fields, .summary = "What came of it.");

/* --- Reading --------------------------------------------------------------------------------------- */

static struct video_progress unwatched(const char *video_id) {
  return (struct video_progress){
      .video_id = video_id, .completed_at_given = PRESENCE_NULL, .updated_at_given = PRESENCE_NULL};
}

bool video_read_progress(struct db *db, uint64_t user_id, const char *video_id, struct arena *arena,
                         struct error *error, struct video_progress *ret_progress) {
  struct video_read_params params = {.user_id = user_id, .video_id = video_id};
  struct video_progress progress = unwatched(video_id);
  struct video_read_row row;
  bool found;
  if (!video_read(db, &params, arena, error, &row, &found)) return false;
  if (found) {
    progress.youtube_id = row.youtube_id;
    progress.percentage_watched = row.percentage_watched;
    progress.seconds_watched = row.seconds_watched;
    progress.status = system_word(video_status_names, row.status);
    progress.completed = progress.status == VIDEO_COMPLETED;
    progress.completed_at_ms = row.completed_at;
    progress.completed_at_given = system_presence(row.completed_at_is_null);
    progress.updated_at_ms = row.updated_at;
    progress.updated_at_given = PRESENCE_GIVEN;
  }
  *ret_progress = progress;
  return true;
}

/* --- Writing --------------------------------------------------------------------------------------- */

/* As the column holds it; what is not quite the end is not rounded up to it. */
static double hundredths_of(double percentage) { return floor(percentage * 100) / 100; }

static void take_figures(const struct video_body *body, struct video_progress *progress) {
  double percentage = hundredths_of(body->percentage_watched);
  if (body->percentage_given == PRESENCE_GIVEN && percentage > progress->percentage_watched)
    progress->percentage_watched = percentage;
  if (body->seconds_watched > progress->seconds_watched) progress->seconds_watched = body->seconds_watched;
  if (body->youtube_id != NULL) progress->youtube_id = body->youtube_id;
}

static bool take_body(struct system_step *step, struct video_progress *progress, struct error *error) {
  const struct video_body *body = step->input->body;
  take_figures(body, progress);
  int status = body->status_given == PRESENCE_GIVEN ? body->status : VIDEO_NOT_STARTED;
  if (progress->percentage_watched >= 100) status = VIDEO_COMPLETED;
  if (status == VIDEO_NOT_STARTED && (progress->percentage_watched > 0 || progress->seconds_watched > 0))
    status = VIDEO_IN_PROGRESS;
  if (body->completed_at_given == PRESENCE_GIVEN) {
    if (status != VIDEO_COMPLETED && !progress->completed)
      return error_add_field(error, ERROR_UNPROCESSABLE, "completedAt", "is for a video that is completed");
    if (!system_check_moment(step, "completedAt", body->completed_at_ms, error)) return false;
  }
  if (status > progress->status) progress->status = status;
  if (progress->status != VIDEO_COMPLETED || progress->completed_at_given == PRESENCE_GIVEN) return true;
  progress->completed = true;
  progress->completed_at_ms =
      body->completed_at_given == PRESENCE_GIVEN ? body->completed_at_ms : step->now_ms;
  progress->completed_at_given = PRESENCE_GIVEN;
  return true;
}

static bool is_same(const struct video_progress *one, const struct video_progress *other) {
  return one->percentage_watched == other->percentage_watched &&
         one->seconds_watched == other->seconds_watched && one->status == other->status &&
         system_same_text(one->youtube_id, other->youtube_id) &&
         system_same_time(one->completed_at_ms, one->completed_at_given, other->completed_at_ms,
                          other->completed_at_given);
}

static bool write(struct system_step *step, struct video_progress *progress, struct error *error) {
  progress->updated_at_ms = step->now_ms;
  progress->updated_at_given = PRESENCE_GIVEN;
  struct video_write_params params = {.user_id = step->user_id,
                                      .video_id = progress->video_id,
                                      .youtube_id = progress->youtube_id,
                                      .percentage_watched = progress->percentage_watched,
                                      .seconds_watched = progress->seconds_watched,
                                      .status = video_status_names[progress->status],
                                      .completed_at = progress->completed_at_ms,
                                      .completed_at_is_null = progress->completed_at_given != PRESENCE_GIVEN,
                                      .now = step->now_ms};
  struct db_outcome outcome;
  return video_write(step->db, &params, error, &outcome);
}

/* The row stands as completed. The event may say more of it. */
static bool complete(struct system_step *step, const struct video_progress *progress, struct error *error,
                     struct video_reply *reply) {
  struct event_body body = {
      .event_type = EVENT_VIDEO_COMPLETED,
      .source_system = SYSTEM_VIDEO_PLAYER,
      .data = {
          .completion_status = STATUS_COMPLETED,
          .video = {.video_id = progress->video_id,
                    .youtube_id = progress->youtube_id,
                    .percentage_watched = progress->percentage_watched,
                    .percentage_given = progress->percentage_watched > 0 ? PRESENCE_GIVEN : PRESENCE_ABSENT,
                    .time_watched = (double)progress->seconds_watched,
                    .time_given = progress->seconds_watched > 0 ? PRESENCE_GIVEN : PRESENCE_ABSENT,
                    .completed_at_ms = progress->completed_at_ms,
                    .completed_at_given = PRESENCE_GIVEN},
          .video_given = PRESENCE_GIVEN}};
  return system_complete(step, &body, error, &reply->outcome) &&
         video_read_progress(step->db, step->user_id, progress->video_id, step->arena, error,
                             &reply->progress);
}

/* Held against other applications for the rest of the transaction, then read. */
static bool hold(struct system_step *step, struct error *error, struct video_progress *ret_progress) {
  struct video_hold_params params = {.user_id = step->user_id, .video_id = step->input->id};
  struct video_hold_row row;
  bool found;
  return video_hold(step->db, &params, step->arena, error, &row, &found) &&
         video_read_progress(step->db, step->user_id, step->input->id, step->arena, error, ret_progress);
}

static bool watch_one(struct system_step *step, struct error *error) {
  struct video_reply *reply = step->entry->reply;
  struct video_progress before;
  if (!hold(step, error, &before)) return false;
  struct video_progress progress = before;
  if (!take_body(step, &progress, error)) return false;
  *reply =
      (struct video_reply){.success = true, .progress = progress, .revision = system_revision_before(step)};
  if (is_same(&before, &progress)) return true;
  bool completes = progress.completed && !before.completed;
  if (!write(step, &progress, error) ||
      !system_report(step, "video", progress.video_id, completes ? "completed" : "watched", error))
    return false;
  reply->progress = progress;
  reply->revision = step->entry->learner.revision;
  return !completes || complete(step, &progress, error, reply);
}

static bool watch_work(struct ledger_tx *tx, struct error *error) {
  return system_each(tx, watch_one, error);
}
const struct ledger_kind video_kind = {.name = "video", .work = watch_work};
