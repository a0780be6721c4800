/* demo: what systems told of the student, so that there is something to look at: films of the last days, a
 * skill, and two tellings of one quiz that contradict each other and wait. */
#include "base/clock.h"
#include "base/zone.h"
#include "db/pool.h"
#include "event/award.h"
#include "event/intake.h"
#include "ledger/ledger.h"
#include "programs/ctl.h"
#include "programs/ctl_demo.h"

#include "base/banned.h"

#define CONNECTIONS 2
#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)

struct told {
  const char *id;
  enum event_type type;
  enum event_system source;
  enum activity_type activity_type;
  const char *activity_id;
  enum completion_status status;
  double minutes;
  int days_ago;
  int at_minute; /* of that day */
};

/* A quiz that was completed and failed is for the learner to decide (docs/conflicts.md). The days are such as
 * the student practised on anyway. */
static const struct told all_told[] = {
    {"demo-shadows", EVENT_VIDEO_COMPLETED, SYSTEM_VIDEO_PLAYER, ACTIVITY_VIDEO, "film-shadows",
     STATUS_COMPLETED, 9, 4, 990},
    {"demo-tides", EVENT_VIDEO_COMPLETED, SYSTEM_VIDEO_PLAYER, ACTIVITY_VIDEO, "film-tides", STATUS_COMPLETED,
     14, 3, 1010},
    {"demo-fraction", EVENT_VIDEO_COMPLETED, SYSTEM_VIDEO_PLAYER, ACTIVITY_VIDEO, "film-what-a-fraction-is",
     STATUS_COMPLETED, 12, 2, 1020},
    {"demo-skill", EVENT_SKILL_ASSESSED, SYSTEM_AI_JOURNEY, ACTIVITY_PRACTICE, "fractions", STATUS_COMPLETED,
     6, 2, 1050},
    {"demo-quiz-done", EVENT_TODO_COMPLETED, SYSTEM_TODO_MANAGER, ACTIVITY_QUIZ, "quiz-which-is-more",
     STATUS_COMPLETED, 15, 1, 1040},
    {"demo-quiz-planned", EVENT_SCHEDULE_COMPLETED, SYSTEM_CALENDAR, ACTIVITY_QUIZ, "quiz-which-is-more",
     STATUS_FAILED, 30, 1, 1065},
};
#define TOLD (sizeof all_told / sizeof all_told[0])

static struct event_body body_of(const struct told *told, int64_t today_ms) {
  int64_t at_ms = today_ms - told->days_ago * DAY_MS + told->at_minute * MINUTE_MS;
  struct event_body body = {.id = told->id,
                            .event_type = (int)told->type,
                            .type_given = PRESENCE_GIVEN,
                            .source_system = (int)told->source,
                            .source_given = PRESENCE_GIVEN,
                            .data = {.activity_id = told->activity_id,
                                     .activity_type = (int)told->activity_type,
                                     .activity_type_given = PRESENCE_GIVEN,
                                     .completion_status = (int)told->status,
                                     .time_spent = told->minutes,
                                     .time_spent_given = PRESENCE_GIVEN,
                                     .completed_at_ms = at_ms,
                                     .completed_at_given = PRESENCE_GIVEN},
                            .data_given = PRESENCE_GIVEN,
                            .timestamp_ms = at_ms,
                            .timestamp_given = PRESENCE_GIVEN};
  switch (told->type) {
  case EVENT_VIDEO_COMPLETED:
    body.data.video = (struct video_data){
        .video_id = told->activity_id, .percentage_watched = 100, .percentage_given = PRESENCE_GIVEN};
    body.data.video_given = PRESENCE_GIVEN;
    break;
  case EVENT_SKILL_ASSESSED:
    body.data.skill = (struct skill_data){.skill_id = told->activity_id,
                                          .skill_category = "mathematics",
                                          .new_level = "beginner",
                                          .confidence = 0.7,
                                          .confidence_given = PRESENCE_GIVEN};
    body.data.skill_given = PRESENCE_GIVEN;
    break;
  case EVENT_SCHEDULE_COMPLETED:
    body.data.schedule = (struct schedule_data){.schedule_id = "quiz-evening"};
    body.data.schedule_given = PRESENCE_GIVEN;
    break;
  default:
    body.data.todo =
        (struct todo_data){.todo_id = "quiz-which-is-more", .user_rating = 4, .rating_given = PRESENCE_GIVEN};
    body.data.todo_given = PRESENCE_GIVEN;
    break;
  }
  return body;
}

static void drop_pool(struct pool **pool) {
  if (*pool != NULL) pool_free(*pool);
}
static void drop_ledger(struct ledger **ledger) { ledger_free(*ledger); }
static void drop_zones(struct zone_cache **zones) {
  if (*zones != NULL) zone_cache_free(*zones);
}
static void drop_awards(struct award_table **awards) {
  if (*awards != NULL) award_table_free(*awards);
}

bool ctl_demo_tell(struct ctl *ctl, uint64_t user_id, struct error *error) {
  CLEANUP(drop_pool) struct pool *pool = NULL;
  CLEANUP(drop_ledger) struct ledger *ledger = NULL;
  CLEANUP(drop_zones) struct zone_cache *zones = zone_cache_new();
  CLEANUP(drop_awards) struct award_table *awards = NULL;
  struct event_body bodies[TOLD];
  struct event_submitted submitted;
  if (zones == NULL) return error_set_memory(error);
  if (!award_table_load(&ctl->config.events, error, &awards) ||
      !pool_new(&ctl->config.database, CONNECTIONS, error, &pool) ||
      !ledger_new(pool, &ctl->config.database, error, &ledger))
    return false;
  int64_t today_ms = clock_now_ms() / DAY_MS * DAY_MS;
  for (size_t at = 0; at < TOLD; at++)
    bodies[at] = body_of(&all_told[at], today_ms);
  struct event_host host = {.config = &ctl->config, .zones = zones, .awards = awards};
  struct event_submit submit = {.ledger = ledger,
                                .host = &host,
                                .user_id = user_id,
                                .actor = CTL_PROGRAM,
                                .bodies = bodies,
                                .count = TOLD,
                                .arena = ctl->arena};
  return event_submit(&submit, error, &submitted);
}
