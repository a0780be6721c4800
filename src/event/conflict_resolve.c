#include "event/conflict.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define NAME_BYTES 64 /* part.field */

/* --- Which event ------------------------------------------------------------------------------------ */

static bool is_later(const struct event *events, size_t one, size_t other) {
  if (events[one].happened_at_ms != events[other].happened_at_ms)
    return events[one].happened_at_ms > events[other].happened_at_ms;
  return one > other;
}

size_t conflict_latest(const struct event *events, size_t count) {
  size_t latest = 0;
  for (size_t at = 1; at < count; at++)
    if (is_later(events, at, latest)) latest = at;
  return latest;
}

static int completeness(enum completion_status status) {
  static const int ranks[] = {[STATUS_SKIPPED] = 0,
                              [STATUS_STARTED] = 1,
                              [STATUS_IN_PROGRESS] = 2,
                              [STATUS_FAILED] = 3,
                              [STATUS_COMPLETED] = 4};
  return ranks[status];
}

static double percentage_of(const struct event *event) {
  const struct event_data *data = &event->data;
  return data->video_given == PRESENCE_GIVEN && data->video.percentage_given == PRESENCE_GIVEN
             ? data->video.percentage_watched
             : 0;
}

static bool is_more_complete(const struct event *events, size_t one, size_t other) {
  int rank = completeness(events[one].status) - completeness(events[other].status);
  double percentage = percentage_of(&events[one]) - percentage_of(&events[other]);
  double minutes = events[one].time_spent - events[other].time_spent;
  if (rank != 0) return rank > 0;
  if (percentage > 0 || percentage < 0) return percentage > 0;
  if (minutes > 0 || minutes < 0) return minutes > 0;
  return is_later(events, one, other);
}

size_t conflict_most_complete(const struct event *events, size_t count) {
  size_t most = 0;
  for (size_t at = 1; at < count; at++)
    if (is_more_complete(events, at, most)) most = at;
  return most;
}

/* --- Putting data together, field by field ---------------------------------------------------------- */

enum rule {
  RULE_KEEP,     /* what the winner states; what it leaves out, as the latest of the others says */
  RULE_LATEST,   /* as the latest says that states it */
  RULE_LARGEST,  /* a figure */
  RULE_EARLIEST, /* a time */
  RULE_LAST,     /* a time */
  RULE_UNION     /* a list */
};

/* By merge_data. What is not here is RULE_LATEST. A part stays that of the thing that the winner speaks of.
 */
static const struct {
  const char *name;
  enum rule rule;
} merge_rules[] = {
    {"completionStatus", RULE_KEEP},
    {"timeSpent", RULE_LARGEST},
    {"completedAt", RULE_LAST},
    {"videoProgress.videoId", RULE_KEEP},
    {"videoProgress.percentageWatched", RULE_LARGEST},
    {"videoProgress.timeWatched", RULE_LARGEST},
    {"videoProgress.completedAt", RULE_LAST},
    {"todoProgress.todoId", RULE_KEEP},
    {"todoProgress.actualCompletionDate", RULE_LAST},
    {"scheduleProgress.scheduleId", RULE_KEEP},
    {"scheduleProgress.actualStartTime", RULE_EARLIEST},
    {"scheduleProgress.actualEndTime", RULE_LAST},
    {"pathProgress.pathId", RULE_KEEP},
    {"pathProgress.stepId", RULE_KEEP},
    {"pathProgress.skillsLearned", RULE_UNION},
    {"skillProgress.skillId", RULE_KEEP},
    {"skillProgress.confidence", RULE_LARGEST},
};

static enum rule merge_rule(const char *name) {
  for (size_t at = 0; at < ARRAY_LENGTH(merge_rules); at++)
    if (strcmp(merge_rules[at].name, name) == 0) return merge_rules[at].rule;
  return RULE_LATEST;
}

/* The data of those that have a say, the latest first; the winner is among them. */
struct sources {
  const struct event_data **data;
  size_t count;
};

static size_t value_bytes(const struct field *field) {
  switch (field->kind) {
  case FIELD_KIND_BOOL:
    return sizeof(bool);
  case FIELD_KIND_NUMBER:
    return sizeof(double);
  case FIELD_KIND_INT:
  case FIELD_KIND_UINT:
  case FIELD_KIND_TIME:
    return sizeof(int64_t);
  case FIELD_KIND_DAY:
    return sizeof(int32_t);
  case FIELD_KIND_ENUM:
    return sizeof(int);
  case FIELD_KIND_TEXT:
  case FIELD_KIND_JSON:
    return sizeof(const char *);
  case FIELD_KIND_LIST:
    return sizeof(struct field_list);
  case FIELD_KIND_OBJECT:
    break;
  }
  return 0;
}

static enum presence *presence_in(const struct field *field, void *structure) {
  return field->presence == 0 ? NULL : (enum presence *)((char *)structure + field->presence - 1);
}

static bool states(const struct field *field, const void *structure) {
  const char *member = (const char *)structure + field->offset;
  if (field->presence != 0) {
    enum presence presence;
    memcpy(&presence, (const char *)structure + field->presence - 1, sizeof presence);
    if (presence != PRESENCE_GIVEN) return false;
  }
  if (field->kind == FIELD_KIND_TEXT) {
    const char *text;
    memcpy(&text, member, sizeof text);
    return text != NULL && *text != '\0';
  }
  if (field->kind == FIELD_KIND_LIST) {
    struct field_list list;
    memcpy(&list, member, sizeof list);
    return list.count > 0;
  }
  return true;
}

static void take(const struct field *field, void *target, const void *source) {
  enum presence *presence = presence_in(field, target);
  memcpy((char *)target + field->offset, (const char *)source + field->offset, value_bytes(field));
  if (presence != NULL) *presence = PRESENCE_GIVEN;
}

static double number_in(const struct field *field, const void *structure) {
  double value;
  memcpy(&value, (const char *)structure + field->offset, sizeof value);
  return value;
}

static int64_t time_in(const struct field *field, const void *structure) {
  int64_t value;
  memcpy(&value, (const char *)structure + field->offset, sizeof value);
  return value;
}

/* Whether the source's value takes the place of the target's; both state one. */
static bool replaces(const struct field *field, enum rule rule, const void *source, const void *target) {
  if (rule == RULE_LARGEST) return number_in(field, source) > number_in(field, target);
  if (rule == RULE_EARLIEST) return time_in(field, source) < time_in(field, target);
  return rule == RULE_LAST && time_in(field, source) > time_in(field, target);
}

static bool has_text(const struct field_list *list, const char *text) {
  const char *const *items = list->items;
  for (size_t at = 0; at < list->count; at++)
    if (strcmp(items[at], text) == 0) return true;
  return false;
}

/* In the order in which they were learned; no more than an event may hold. */
static bool unite(const struct field *field, void *target, const void *const *structures, size_t count,
                  struct arena *arena, struct error *error) {
  struct field_list all = {.items = arena_alloc_array(arena, (size_t)field->maximum, sizeof(const char *))};
  if (all.items == NULL) return error_set_memory(error);
  for (size_t at = count; at-- > 0;) {
    struct field_list list;
    if (!states(field, structures[at])) continue;
    memcpy(&list, (const char *)structures[at] + field->offset, sizeof list);
    for (size_t item = 0; item < list.count && all.count < (size_t)field->maximum; item++) {
      const char *text = ((const char *const *)list.items)[item];
      if (!has_text(&all, text)) ((const char **)all.items)[all.count++] = text;
    }
  }
  if (all.count > 0) memcpy((char *)target + field->offset, &all, sizeof all);
  return true;
}

/* `structures`: of those that have the part, or of all, the latest first. */
static bool settle_field(const struct field *field, enum rule rule, void *target,
                         const void *const *structures, size_t count, struct arena *arena,
                         struct error *error) {
  if (rule == RULE_UNION) return unite(field, target, structures, count, arena, error);
  bool taken = rule == RULE_LATEST ? false : states(field, target);
  for (size_t at = 0; at < count; at++) {
    if (!states(field, structures[at])) continue;
    if (!taken || replaces(field, rule, structures[at], target)) take(field, target, structures[at]);
    taken = true;
  }
  return true;
}

/* One part, or the fields beside the parts where `part` is NULL. */
static bool settle_fields(const struct schema *schema, const struct field *part, bool merge, void *target,
                          const void *const *structures, size_t count, struct arena *arena,
                          struct error *error) {
  for (size_t at = 0; at < schema->field_count; at++) {
    const struct field *field = &schema->fields[at];
    char name[NAME_BYTES];
    if (field->kind == FIELD_KIND_OBJECT) continue;
    int length = part == NULL ? snprintf(name, sizeof name, "%s", field->name)
                              : snprintf(name, sizeof name, "%s.%s", part->name, field->name);
    if (length < 0 || (size_t)length >= sizeof name)
      return error_set(error, ERROR_INTERNAL, "The event's data could not be put together.");
    if (!settle_field(field, merge ? merge_rule(name) : RULE_KEEP, target, structures, count, arena, error))
      return false;
  }
  return true;
}

/* What of the parts cannot be, though each of its values was told. */
static bool is_impossible(const char *part, const struct event_data *data) {
  const struct schedule_data *schedule = &data->schedule;
  const struct path_data *path = &data->path;
  if (strcmp(part, "scheduleProgress") == 0)
    return schedule->actual_start_given == PRESENCE_GIVEN && schedule->actual_end_given == PRESENCE_GIVEN &&
           schedule->actual_end_ms < schedule->actual_start_ms;
  return strcmp(part, "pathProgress") == 0 && path->step_index_given == PRESENCE_GIVEN &&
         path->total_steps_given == PRESENCE_GIVEN && path->step_index > path->total_steps;
}

static bool settle_part(const struct field *part, bool merge, const struct sources *sources,
                        struct event_data *data, struct arena *arena, struct error *error) {
  const void **structures = arena_alloc_array(arena, sources->count, sizeof *structures);
  char *target = (char *)data + part->offset;
  size_t count = 0;
  if (structures == NULL) return error_set_memory(error);
  for (size_t at = 0; at < sources->count; at++)
    if (states(part, sources->data[at])) structures[count++] = (const char *)sources->data[at] + part->offset;
  if (count == 0) return true;
  bool winner_has = states(part, data);
  void *whole = arena_alloc(arena, part->object->size);
  if (whole == NULL) return error_set_memory(error);
  memcpy(whole, winner_has ? target : structures[0], part->object->size);
  if (!winner_has) {
    /* The thing that it is about is the latest's. */
    memcpy(target, whole, part->object->size);
    *presence_in(part, data) = PRESENCE_GIVEN;
  }
  if (!settle_fields(part->object, part, merge, target, structures, count, arena, error)) return false;
  if (is_impossible(part->name, data)) memcpy(target, whole, part->object->size);
  return true;
}

static bool put_together(bool merge, const struct sources *sources, struct event_data *data,
                         struct arena *arena, struct error *error) {
  const struct schema *schema = &event_data_schema;
  const void *const *structures = (const void *const *)sources->data;
  if (!settle_fields(schema, NULL, merge, data, structures, sources->count, arena, error)) return false;
  for (size_t at = 0; at < schema->field_count; at++)
    if (schema->fields[at].kind == FIELD_KIND_OBJECT &&
        !settle_part(&schema->fields[at], merge, sources, data, arena, error))
      return false;
  return true;
}

/* --- The four --------------------------------------------------------------------------------------- */

static bool order_sources(const struct event *events, size_t count, bool any_status, size_t winner,
                          struct arena *arena, struct error *error, struct sources *ret_sources) {
  struct sources sources = {.data = arena_alloc_array(arena, count, sizeof *sources.data)};
  size_t *order = arena_alloc_array(arena, count, sizeof *order);
  if (sources.data == NULL || order == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    if (!any_status && events[at].status != events[winner].status) continue;
    size_t place = sources.count++;
    for (; place > 0 && is_later(events, at, order[place - 1]); place--)
      order[place] = order[place - 1];
    order[place] = at;
  }
  for (size_t at = 0; at < sources.count; at++)
    sources.data[at] = &events[order[at]].data;
  *ret_sources = sources;
  return true;
}

static double minutes_of(const struct event *winner, const struct event_data *data) {
  struct event_body body = {
      .event_type = (int)winner->type, .source_system = (int)winner->source, .data = *data};
  struct event event;
  event_from_body(&body, winner->timestamp_ms, &event);
  return event.time_spent;
}

/* Merges what all say into the winner's data; or only fills in what the winner leaves out. */
static bool complete(const struct event *events, size_t count, bool merge, struct arena *arena,
                     struct error *error, struct resolution *resolution) {
  struct sources sources = {.count = 0};
  if (!order_sources(events, count, merge, resolution->winner, arena, error, &sources) ||
      !put_together(merge, &sources, &resolution->data, arena, error))
    return false;
  resolution->time_spent = minutes_of(&events[resolution->winner], &resolution->data);
  return true;
}

static struct resolution as_told(const struct event *events, size_t winner, enum resolution_type type) {
  return (struct resolution){.type = type,
                             .winner = winner,
                             .happened_at_ms = events[winner].happened_at_ms,
                             .data = events[winner].data,
                             .time_spent = events[winner].time_spent};
}

bool conflict_absorb(const struct event events[2], struct arena *arena, struct error *error,
                     struct resolution *ret_resolution) {
  struct resolution resolution = as_told(events, 0, RESOLUTION_MERGE_DATA);
  resolution.happened_at_ms = events[conflict_latest(events, 2)].happened_at_ms;
  if (!complete(events, 2, true, arena, error, &resolution)) return false;
  *ret_resolution = resolution;
  return true;
}

bool conflict_resolve(const struct event *events, size_t count, enum resolution_type type,
                      struct arena *arena, struct error *error, struct resolution *ret_resolution) {
  size_t latest = conflict_latest(events, count);
  size_t most = conflict_most_complete(events, count);
  struct resolution resolution = as_told(events, type == RESOLUTION_USE_LATEST ? latest : most, type);
  switch (type) {
  case RESOLUTION_MERGE_DATA:
    resolution.happened_at_ms = events[latest].happened_at_ms;
    if (!complete(events, count, true, arena, error, &resolution)) return false;
    break;
  case RESOLUTION_USE_LATEST:
  case RESOLUTION_USE_MOST_COMPLETE:
    if (!complete(events, count, false, arena, error, &resolution)) return false;
    break;
  case RESOLUTION_MANUAL_REVIEW:
    break;
  }
  *ret_resolution = resolution;
  return true;
}
