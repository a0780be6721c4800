#include <string.h>

#include "event/event_heal.h"
#include "event/system_api.h"
#include "event/video.h"

#include "base/banned.h"

/* A path may be longer than a video's id. */
static bool check_id(const struct request *request, struct error *error) {
  return strnlen(request->path_parts[0], EVENT_ACTIVITY_CHARACTERS + 1) <= EVENT_ACTIVITY_CHARACTERS ||
         error_set(error, ERROR_NOT_FOUND, "There is no such video.");
}

static bool handle_read(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  (void)query;
  (void)body;
  return check_id(request, error) &&
         video_read_progress(request->snapshot, request->principal.user_id, request->path_parts[0],
                             request->arena, error, reply);
}

static bool handle_write(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  (void)query;
  return check_id(request, error) &&
         system_run(request, &video_kind, &video_body_schema, body, NULL, reply, error);
}

#define VIDEOS .role = ROLE_STUDENT, .tag = "Videos", .path = "/api/videos/{id}/progress"

static const struct endpoint rows[] = {
    {VIDEOS, .method = "GET", .flags = SYSTEM_READ_FLAGS, .reply = &video_progress_schema,
     .handle = handle_read, .prepare = event_heal, .summary = "How far the learner has watched a video"},
    {VIDEOS, .method = "PUT", .flags = SYSTEM_WRITE_FLAGS, .body = &video_body_schema,
     .reply = &video_reply_schema, .handle = handle_write,
     .summary = "Tell how far a video was watched; to its end is an event"},
};
const struct endpoint_table video_endpoints = ENDPOINT_TABLE(rows);
