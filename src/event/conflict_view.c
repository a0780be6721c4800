#include "event/conflict_private.h"

#include <string.h>

#include "base/clock.h"
#include "schema/encode.h"

#include "base/banned.h"

#define RESOLUTION_BYTES (2 * CONFLICT_DATA_BYTES)

static const char *const status_names[] = {"unresolved", "resolved", NULL};

/* --- A resolution ------------------------------------------------------------------------------------ */

const char *conflict_reasoning(const struct conflict_weight *weight) {
  switch (weight->kind) {
  case CONFLICT_DUPLICATE:
    return "Both say the same: the first goes on with what both state.";
  case CONFLICT_TIMESTAMP:
    return "They tell of one occasion at different times: the later one tells when it ended.";
  case CONFLICT_DATA:
    return weight->suggestion == RESOLUTION_MERGE_DATA
               ? "Only figures differ: the largest of each is taken, for nobody measures too much."
               : "They contradict each other in words: the later one is the last that was said.";
  case CONFLICT_STATUS:
    break;
  case CONFLICT_NONE:
    return "";
  }
  switch (weight->suggestion) {
  case RESOLUTION_USE_MOST_COMPLETE:
    return "One says that it was completed, another that it was skipped: what was done was done.";
  case RESOLUTION_USE_LATEST:
    return "It was not completed either way: the later one tells how it ended.";
  case RESOLUTION_MANUAL_REVIEW:
  case RESOLUTION_MERGE_DATA:
    break;
  }
  return "One says that it was completed, another that it failed: only the learner knows.";
}

static const struct field resolution_fields[] = {
    FIELD_TEXT(struct resolution_view, "resolutionType", resolution_type, .flags = FIELD_REQUIRED,
               .summary = "use_latest, use_most_complete, merge_data or manual_review."),
    FIELD_JSON(struct resolution_view, "resolvedData", resolved_data, .flags = FIELD_REQUIRED,
               .maximum = (int64_t)CONFLICT_DATA_BYTES,
               .summary = "What it makes of the events: eventData of the one that carries it."),
    FIELD_TEXT(struct resolution_view, "reasoning", reasoning, .flags = FIELD_REQUIRED,
               .summary = "Why, in a sentence."),
    FIELD_NUMBER(struct resolution_view, "confidence", confidence, .flags = FIELD_REQUIRED, .minimum = 0,
                 .maximum = 1, .summary = "How sure that is; 0 of one that is not suggested."),
    FIELD_TEXT(struct resolution_view, "winner", winner, .flags = FIELD_REQUIRED,
               .summary = "The event that carries it."),
    FIELD_TIME(struct resolution_view, "happenedAt", happened_at_ms, .flags = FIELD_REQUIRED,
               .summary = "The moment that it then counts for."),
};
const struct schema resolution_view_schema =
    SCHEMA("ConflictResolution", struct resolution_view, resolution_fields,
           .summary = "What a resolution makes of a conflict.");

bool conflict_show_resolution(const struct event *events, const struct resolution *resolution,
                              const char *reasoning, double confidence, struct arena *arena,
                              struct error *error, struct resolution_view *ret_view) {
  struct resolution_view view = {.resolution_type = resolution_type_names[resolution->type],
                                 .resolved_data = conflict_data_text(&resolution->data, arena),
                                 .reasoning = reasoning,
                                 .confidence = confidence,
                                 .winner = events[resolution->winner].id,
                                 .happened_at_ms = resolution->happened_at_ms};
  if (view.resolved_data == NULL) return error_set_memory(error);
  *ret_view = view;
  return true;
}

const char *conflict_resolution_text(const struct resolution_view *view, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(RESOLUTION_BYTES);
  schema_encode_json(&resolution_view_schema, view, &text);
  return text.failed ? NULL : arena_strndup(arena, buffer_text(&text), text.length);
}

/* --- Its events -------------------------------------------------------------------------------------- */

static const struct field event_fields[] = {
    FIELD_TEXT(struct conflict_event_view, "id", id, .flags = FIELD_REQUIRED, .summary = "The event."),
    FIELD_ENUM(struct conflict_event_view, "eventType", event_type, .flags = FIELD_REQUIRED,
               .names = event_type_names, .summary = "What happened."),
    FIELD_ENUM(struct conflict_event_view, "sourceSystem", source_system, .flags = FIELD_REQUIRED,
               .names = event_system_names, .summary = "Which system tells of it."),
    FIELD_JSON(struct conflict_event_view, "eventData", event_data, .maximum = (int64_t)CONFLICT_DATA_BYTES,
               .summary = "What it says, as it came. Not in the reply to an event."),
    FIELD_TIME(struct conflict_event_view, "timestamp", timestamp_ms, .flags = FIELD_REQUIRED,
               .summary = "The client's clock."),
    FIELD_TIME(struct conflict_event_view, "happenedAt", happened_at_ms, .flags = FIELD_REQUIRED,
               .summary = "The moment that it counts for, or would."),
    FIELD_TEXT(struct conflict_event_view, "outcome", outcome, .flags = FIELD_REQUIRED,
               .summary = "applied: it counts; conflict: it waits; superseded: decided against; duplicate: "
                          "set aside."),
};
static const struct schema event_schema =
    SCHEMA("ConflictingEvent", struct conflict_event_view, event_fields, .summary = "An event in conflict.");

bool conflict_show_events(const struct event *events, const char *const *came, size_t count,
                          struct arena *arena, struct error *error, struct field_list *ret_list) {
  struct conflict_event_view *views = arena_alloc_array(arena, count, sizeof *views);
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    views[at] = (struct conflict_event_view){.id = events[at].id,
                                             .event_type = (int)events[at].type,
                                             .source_system = (int)events[at].source,
                                             .event_data = came == NULL ? NULL : came[at],
                                             .timestamp_ms = events[at].timestamp_ms,
                                             .happened_at_ms = events[at].happened_at_ms,
                                             .outcome = event_outcome_names[events[at].outcome]};
  *ret_list = (struct field_list){.items = views, .count = count};
  return true;
}

/* --- A conflict -------------------------------------------------------------------------------------- */

static const struct field conflict_fields[] = {
    FIELD_UINT(struct conflict_view, "id", id, .flags = FIELD_REQUIRED,
               .summary = "To preview and resolve it by."),
    FIELD_ENUM(struct conflict_view, "conflictType", conflict_type, .flags = FIELD_REQUIRED,
               .names = conflict_kind_names, .summary = "In what the events contradict each other."),
    FIELD_ENUM(struct conflict_view, "status", status, .flags = FIELD_REQUIRED, .names = status_names,
               .summary = "unresolved: it waits for the learner."),
    FIELD_ENUM(struct conflict_view, "activityType", activity_type, .flags = FIELD_REQUIRED,
               .names = activity_type_names, .summary = "What kind of activity it is about."),
    FIELD_TEXT(struct conflict_view, "activityId", activity_id, .flags = FIELD_REQUIRED,
               .summary = "The activity."),
    FIELD_LIST(struct conflict_view, "conflictingEvents", events, .flags = FIELD_REQUIRED,
               .object = &event_schema, .maximum = CONFLICT_EVENTS_MAX,
               .summary = "In the order in which they were taken in."),
    FIELD_OBJECT(struct conflict_view, "suggestedResolution", suggested, .flags = FIELD_REQUIRED,
                 .object = &resolution_view_schema, .summary = "What would be done about it."),
    FIELD_BOOL(struct conflict_view, "requiresUserInput", requires_user_input, .flags = FIELD_REQUIRED,
               .summary = "Whether it was, or is, the learner's to decide."),
    FIELD_ENUM(struct conflict_view, "impact", impact, .flags = FIELD_REQUIRED,
               .names = conflict_impact_names, .summary = "How grave it is."),
    FIELD_OBJECT(struct conflict_view, "resolution", resolution, .object = &resolution_view_schema,
                 .presence = PRESENCE(struct conflict_view, resolution_given),
                 .summary = "What was done about it."),
    FIELD_TEXT(struct conflict_view, "resolvedBy", resolved_by,
               .summary = "settlement, where nobody was asked; else who decided."),
    FIELD_TIME(struct conflict_view, "resolvedAt", resolved_at_ms,
               .presence = PRESENCE(struct conflict_view, resolved_at_given), .summary = "When."),
    FIELD_TIME(struct conflict_view, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was found."),
    FIELD_UINT(struct conflict_view, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision in which it last changed."),
};
const struct schema conflict_view_schema =
    SCHEMA("ProgressConflict", struct conflict_view, conflict_fields,
           .summary = "Events that contradict each other about one activity.");
