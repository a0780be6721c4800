#include "event/conflict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SECOND_MS INT64_C(1000)
#define HOUR_MS (3600 * SECOND_MS)
#define THOUSANDTHS 1000
#define PERCENT 100

/* Figures that differ by no more agree, whatever share that is. In thousandths of their units. */
#define MINUTES_SLACK 1000
#define POINTS_SLACK 1000
#define SECONDS_SLACK 30000
#define SURENESS_SLACK 50

#define PROOF_PERCENTAGE 90

const char *const conflict_kind_names[] = {"completion_status_conflict", "data_inconsistency",
                                           "timestamp_mismatch", "duplicate_event", NULL};
const char *const conflict_impact_names[] = {"low", "medium", "high", NULL};
const char *const resolution_type_names[] = {"manual_review", "use_latest", "use_most_complete", "merge_data",
                                             NULL};

/* --- Whether data contradict ----------------------------------------------------------------------- */

/* The gravest comes last. */
enum contradiction { AGREE, FIGURES_DIFFER, WORD_DIFFERS, LEVEL_DIFFERS };

struct figure {
  bool stated;
  double value;
  int64_t slack; /* thousandths */
};

static int64_t thousandths(double value) { return llround(value * THOUSANDTHS); }

static bool figures_differ(struct figure one, struct figure other, const struct events_config *config) {
  if (!one.stated || !other.stated) return false;
  int64_t a = thousandths(one.value);
  int64_t b = thousandths(other.value);
  int64_t difference = llabs(a - b);
  int64_t larger = a > b ? a : b;
  return difference > one.slack && difference * PERCENT > config->time_tolerance_percent * larger;
}

#define FIGURES 4
static void list_figures(const struct event_data *data, struct figure *ret_figures) {
  bool video = data->video_given == PRESENCE_GIVEN;
  bool skill = data->skill_given == PRESENCE_GIVEN;
  const struct figure figures[FIGURES] = {
      {data->time_spent_given == PRESENCE_GIVEN, data->time_spent, MINUTES_SLACK},
      {video && data->video.percentage_given == PRESENCE_GIVEN, data->video.percentage_watched, POINTS_SLACK},
      {video && data->video.time_given == PRESENCE_GIVEN, data->video.time_watched, SECONDS_SLACK},
      {skill && data->skill.confidence_given == PRESENCE_GIVEN, data->skill.confidence, SURENESS_SLACK}};
  memcpy(ret_figures, figures, sizeof figures);
}

static bool texts_differ(const char *one, const char *other) {
  return one != NULL && other != NULL && *one != '\0' && *other != '\0' && strcmp(one, other) != 0;
}

static bool numbers_differ(enum presence one_given, uint64_t one, enum presence other_given, uint64_t other) {
  return one_given == PRESENCE_GIVEN && other_given == PRESENCE_GIVEN && one != other;
}

static bool words_differ(const struct event_data *one, const struct event_data *other) {
  if (one->video_given == PRESENCE_GIVEN && other->video_given == PRESENCE_GIVEN &&
      texts_differ(one->video.youtube_id, other->video.youtube_id))
    return true;
  if (one->todo_given == PRESENCE_GIVEN && other->todo_given == PRESENCE_GIVEN &&
      numbers_differ(one->todo.rating_given, one->todo.user_rating, other->todo.rating_given,
                     other->todo.user_rating))
    return true;
  const struct path_data *a = &one->path;
  const struct path_data *b = &other->path;
  return one->path_given == PRESENCE_GIVEN && other->path_given == PRESENCE_GIVEN &&
         (numbers_differ(a->step_index_given, a->step_index, b->step_index_given, b->step_index) ||
          numbers_differ(a->total_steps_given, a->total_steps, b->total_steps_given, b->total_steps));
}

static enum contradiction contradict(const struct event_data *one, const struct event_data *other,
                                     const struct events_config *config) {
  struct figure ours[FIGURES];
  struct figure theirs[FIGURES];
  if (one->skill_given == PRESENCE_GIVEN && other->skill_given == PRESENCE_GIVEN &&
      texts_differ(one->skill.new_level, other->skill.new_level))
    return LEVEL_DIFFERS;
  if (words_differ(one, other)) return WORD_DIFFERS;
  list_figures(one, ours);
  list_figures(other, theirs);
  for (size_t at = 0; at < FIGURES; at++)
    if (figures_differ(ours[at], theirs[at], config)) return FIGURES_DIFFER;
  return AGREE;
}

/* --- What two events are to each other -------------------------------------------------------------- */

static bool is_final(const struct event *event) {
  return event->status == STATUS_COMPLETED || event->status == STATUS_SKIPPED ||
         event->status == STATUS_FAILED;
}

struct windows {
  int64_t duplicate_ms;
  int64_t occasion_ms;
};

static struct windows windows_of(const struct events_config *config) {
  struct windows windows = {.duplicate_ms = config->duplicate_window_s * SECOND_MS,
                            .occasion_ms = config->occasion_window_s * SECOND_MS};
  if (windows.occasion_ms < windows.duplicate_ms) windows.occasion_ms = windows.duplicate_ms;
  return windows;
}

static int64_t gap_ms(const struct event *one, const struct event *other) {
  return llabs(one->happened_at_ms - other->happened_at_ms);
}

static enum conflict_kind kind_of(const struct event *one, const struct event *other,
                                  enum contradiction contradiction, const struct windows *windows) {
  int64_t gap = gap_ms(one, other);
  bool same_teller = one->type == other->type && one->source == other->source;
  if (!is_final(one) || !is_final(other))
    return same_teller && one->status == other->status && gap <= windows->duplicate_ms &&
                   strcmp(one->data_text, other->data_text) == 0
               ? CONFLICT_DUPLICATE
               : CONFLICT_NONE;
  if (gap > (same_teller ? windows->duplicate_ms : windows->occasion_ms)) return CONFLICT_NONE;
  if (one->status != other->status) return CONFLICT_STATUS;
  if (contradiction != AGREE) return CONFLICT_DATA;
  if (gap > windows->duplicate_ms) return CONFLICT_TIMESTAMP;
  return one->type == other->type ? CONFLICT_DUPLICATE : CONFLICT_NONE;
}

/* --- How sure, how grave ---------------------------------------------------------------------------- */

static struct conflict_weight weigh_times(const struct event *one, const struct event *other,
                                          const struct windows *windows) {
  struct conflict_weight weight = {CONFLICT_TIMESTAMP, RESOLUTION_USE_LATEST, 950, IMPACT_LOW};
  int64_t beyond = gap_ms(one, other) - HOUR_MS;
  int64_t span = windows->occasion_ms - HOUR_MS;
  if (beyond > 0) {
    /* 0.15 at the window's end, to the nearest thousandth. */
    weight.confidence -= (unsigned)((150 * beyond * 2 + span) / (span * 2));
    weight.impact = IMPACT_MEDIUM;
  }
  if (one->day != other->day) {
    weight.confidence -= 150;
    weight.impact = IMPACT_HIGH;
  }
  return weight;
}

static bool proves_itself(const struct event *event) {
  const struct video_data *video = &event->data.video;
  if (event->data.video_given == PRESENCE_GIVEN && video->percentage_given == PRESENCE_GIVEN)
    return thousandths(video->percentage_watched) >= PROOF_PERCENTAGE * THOUSANDTHS;
  return event->time_spent > 0;
}

static struct conflict_weight weigh_statuses(const struct event *one, const struct event *other) {
  if (one->status != STATUS_COMPLETED && other->status != STATUS_COMPLETED)
    return (struct conflict_weight){CONFLICT_STATUS, RESOLUTION_USE_LATEST, 850, IMPACT_LOW};
  if (one->status == STATUS_FAILED || other->status == STATUS_FAILED)
    return (struct conflict_weight){CONFLICT_STATUS, RESOLUTION_MANUAL_REVIEW, 400, IMPACT_HIGH};
  bool proven = proves_itself(one->status == STATUS_COMPLETED ? one : other);
  return (struct conflict_weight){CONFLICT_STATUS, RESOLUTION_USE_MOST_COMPLETE, proven ? 900 : 850,
                                  IMPACT_MEDIUM};
}

static struct conflict_weight weigh_data(enum contradiction contradiction) {
  if (contradiction == LEVEL_DIFFERS)
    return (struct conflict_weight){CONFLICT_DATA, RESOLUTION_USE_LATEST, 500, IMPACT_HIGH};
  if (contradiction == WORD_DIFFERS)
    return (struct conflict_weight){CONFLICT_DATA, RESOLUTION_USE_LATEST, 850, IMPACT_MEDIUM};
  return (struct conflict_weight){CONFLICT_DATA, RESOLUTION_MERGE_DATA, 900, IMPACT_LOW};
}

struct conflict_weight conflict_compare(const struct event *one, const struct event *other,
                                        const struct events_config *config) {
  struct windows windows = windows_of(config);
  enum contradiction contradiction = contradict(&one->data, &other->data, config);
  switch (kind_of(one, other, contradiction, &windows)) {
  case CONFLICT_STATUS:
    return weigh_statuses(one, other);
  case CONFLICT_DATA:
    return weigh_data(contradiction);
  case CONFLICT_TIMESTAMP:
    return weigh_times(one, other, &windows);
  case CONFLICT_DUPLICATE:
    return (struct conflict_weight){CONFLICT_DUPLICATE, RESOLUTION_MERGE_DATA, 990, IMPACT_LOW};
  case CONFLICT_NONE:
    break;
  }
  return (struct conflict_weight){.kind = CONFLICT_NONE};
}

/* --- Several events --------------------------------------------------------------------------------- */

enum conflict_kind conflict_find(const struct event *fresh, const struct event *peers, size_t count,
                                 const struct events_config *config, size_t *ret_chosen,
                                 size_t *ret_chosen_count) {
  enum conflict_kind first = CONFLICT_NONE;
  size_t chosen = 0;
  for (size_t at = 0; at < count; at++) {
    enum conflict_kind kind = conflict_compare(fresh, &peers[at], config).kind;
    if (kind == CONFLICT_NONE || kind > first) continue;
    if (kind < first) chosen = 0;
    first = kind;
    /* It repeats one event: the nearest. */
    if (kind == CONFLICT_DUPLICATE && chosen == 1) {
      if (gap_ms(fresh, &peers[at]) < gap_ms(fresh, &peers[ret_chosen[0]])) ret_chosen[0] = at;
      continue;
    }
    ret_chosen[chosen++] = at;
  }
  *ret_chosen_count = chosen;
  return first;
}

static bool outweighs(const struct conflict_weight *pair, const struct conflict_weight *so_far) {
  if (pair->confidence != so_far->confidence) return pair->confidence < so_far->confidence;
  return pair->suggestion < so_far->suggestion;
}

struct conflict_weight conflict_weigh(const struct event *events, size_t count,
                                      const struct events_config *config) {
  struct conflict_weight whole = {.kind = CONFLICT_NONE};
  for (size_t at = 0; at < count; at++) {
    for (size_t other = at + 1; other < count; other++) {
      struct conflict_weight pair = conflict_compare(&events[at], &events[other], config);
      if (pair.kind == CONFLICT_NONE || pair.kind > whole.kind) continue;
      if (pair.kind < whole.kind) {
        whole = pair;
        continue;
      }
      enum conflict_impact impact = pair.impact > whole.impact ? pair.impact : whole.impact;
      if (outweighs(&pair, &whole)) whole = pair;
      whole.impact = impact;
    }
  }
  return whole;
}
