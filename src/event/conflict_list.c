#include "event/conflict_private.h"
#include "event/conflict_settle.h"

#include <string.h>

#include "queries/conflict.h"
#include "schema/decode.h"

#include "base/banned.h"

static const char *const state_names[] = {"unresolved", "resolved", "all", NULL};

/* --- Conflicts --------------------------------------------------------------------------------------- */

static const struct field query_fields[] = {
    FIELD_ENUM(struct conflict_query, "status", state, .names = state_names, .default_text = "unresolved",
               .summary = "Those that wait, those that are settled, or all."),
    FIELD_ENUM(struct conflict_query, "impact", impact, .names = conflict_impact_names,
               .presence = PRESENCE(struct conflict_query, impact_given), .summary = "Only of this impact."),
    FIELD_ENUM(struct conflict_query, "conflictType", kind, .names = conflict_kind_names,
               .presence = PRESENCE(struct conflict_query, kind_given), .summary = "Only of this type."),
    FIELD_UINT(struct conflict_query, "limit", limit,
               .presence = PRESENCE(struct conflict_query, limit_given), .minimum = 1,
               .maximum = CONFLICT_LIST_MAX, .summary = "Conflicts a page; without it, the most."),
    FIELD_UINT(struct conflict_query, "after", after,
               .presence = PRESENCE(struct conflict_query, after_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Go on after this one: the nextAfter of the page before."),
};
const struct schema conflict_query_schema =
    SCHEMA("ConflictsQuery", struct conflict_query, query_fields, .summary = "Which conflicts.");

static const struct field list_fields[] = {
    FIELD_LIST(struct conflict_list_reply, "conflicts", conflicts, .object = &conflict_view_schema,
               .flags = FIELD_REQUIRED, .maximum = CONFLICT_LIST_MAX, .summary = "The latest first."),
    FIELD_UINT(struct conflict_list_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct conflict_list_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema conflict_list_schema =
    SCHEMA("Conflicts", struct conflict_list_reply, list_fields, .summary = "The learner's conflicts.");

/* The statements give the same row, whatever they look for. */
#define SAME_ROW(other) \
  _Static_assert(sizeof(struct other##_row) == sizeof(struct conflict_one_row) && \
                     offsetof(struct other##_row, created_at) == \
                         offsetof(struct conflict_one_row, created_at), \
                 "rows of conflicts are alike")
SAME_ROW(conflict_list_open);
SAME_ROW(conflict_list_all);

static bool read_resolution(const char *text, struct arena *arena, struct error *error,
                            struct resolution_view *ret_view) {
  if (schema_decode_json(&resolution_view_schema, text, strlen(text), UNKNOWN_IGNORED, arena, ret_view,
                         error))
    return true;
  return error_set(error, ERROR_INTERNAL, "A resolution that is stored cannot be read.");
}

static bool show_row(const struct conflict_one_row *row, struct arena *arena, struct error *error,
                     struct conflict_view *ret_view) {
  struct conflict_view view = {
      .id = row->id,
      .conflict_type = conflict_name_index(conflict_kind_names, row->conflict_type),
      .status = !row->resolved_at_is_null,
      .activity_type = conflict_name_index(activity_type_names, row->activity_type),
      .activity_id = row->activity_id,
      .requires_user_input = row->requires_user_input,
      .impact = conflict_name_index(conflict_impact_names, row->impact),
      .resolution_given = row->actual_resolution == NULL ? PRESENCE_ABSENT : PRESENCE_GIVEN,
      .resolved_by = row->resolved_by,
      .resolved_at_ms = row->resolved_at,
      .resolved_at_given = row->resolved_at_is_null ? PRESENCE_ABSENT : PRESENCE_GIVEN,
      .created_at_ms = row->created_at,
      .revision = row->revision};
  if (!read_resolution(row->suggested_resolution, arena, error, &view.suggested) ||
      (row->actual_resolution != NULL &&
       !read_resolution(row->actual_resolution, arena, error, &view.resolution)))
    return false;
  *ret_view = view;
  return true;
}

/* Each conflict's events stand together. */
static bool show_events(struct db *db, uint64_t user_id, struct conflict_view *views, size_t count,
                        struct arena *arena, struct error *error) {
  uint64_t *ids = arena_alloc_array(arena, count, sizeof *ids);
  struct conflict_events all;
  const uint64_t *of = NULL;
  if (ids == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    ids[at] = views[at].id;
  if (!conflict_read_events(db, user_id, ids, count, arena, error, &all, &of)) return false;
  for (size_t from = 0, to; from < all.count; from = to) {
    for (to = from; to < all.count && of[to] == of[from];)
      to++;
    for (size_t at = 0; at < count; at++)
      if (views[at].id == of[from] && !conflict_show_events(all.events + from, all.came + from, to - from,
                                                            arena, error, &views[at].events))
        return false;
  }
  return true;
}

static bool find(struct db *db, const struct conflict_query *query, uint64_t user_id,
                 int64_t resolved_since_ms, uint64_t limit, struct arena *arena, struct error *error,
                 const struct conflict_one_row **ret_rows, size_t *ret_count) {
  const char *impact = query->impact_given == PRESENCE_GIVEN ? conflict_impact_names[query->impact] : NULL;
  const char *kind = query->kind_given == PRESENCE_GIVEN ? conflict_kind_names[query->kind] : NULL;
  uint64_t before = query->after_given == PRESENCE_GIVEN ? query->after : INT64_MAX;
  struct conflict_list_open_params open = {.user_id = user_id,
                                           .impact = impact,
                                           .conflict_type = kind,
                                           .before_id = before,
                                           .limit_rows = limit + 1};
  struct conflict_list_all_params all = {.user_id = user_id,
                                         .impact = impact,
                                         .conflict_type = kind,
                                         .before_id = before,
                                         .limit_rows = limit + 1,
                                         .only_resolved = query->state == CONFLICTS_RESOLVED,
                                         .resolved_since = resolved_since_ms};
  void *rows;
  bool done =
      query->state == CONFLICTS_UNRESOLVED
          ? db_run_all(db, &conflict_list_open_statement, &open, arena, limit + 1, error, &rows, ret_count)
          : db_run_all(db, &conflict_list_all_statement, &all, arena, limit + 1, error, &rows, ret_count);
  if (done) *ret_rows = rows;
  return done;
}

bool conflict_read_list(struct db *db, const struct conflict_query *query, uint64_t user_id,
                        int64_t resolved_since_ms, struct arena *arena, struct error *error,
                        struct conflict_list_reply *ret_reply) {
  size_t limit = query->limit_given == PRESENCE_GIVEN ? (size_t)query->limit : CONFLICT_LIST_MAX;
  const struct conflict_one_row *rows;
  size_t count;
  if (!find(db, query, user_id, resolved_since_ms, limit, arena, error, &rows, &count)) return false;
  bool more = count > limit;
  if (more) count = limit;
  struct conflict_view *views = arena_alloc_array(arena, count, sizeof *views);
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (!show_row(&rows[at], arena, error, &views[at])) return false;
  if (!show_events(db, user_id, views, count, arena, error)) return false;
  *ret_reply = (struct conflict_list_reply){.conflicts = {.items = views, .count = count},
                                            .next_after = more ? views[count - 1].id : 0,
                                            .next_after_given = more ? PRESENCE_GIVEN : PRESENCE_NULL};
  return true;
}

bool conflict_read_one(struct db *db, uint64_t user_id, uint64_t id, struct arena *arena, struct error *error,
                       struct conflict_view *ret_view) {
  struct conflict_one_params params = {.user_id = user_id, .id = id};
  struct conflict_one_row row;
  struct conflict_view view;
  bool found;
  if (!conflict_one(db, &params, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such conflict.");
  if (!show_row(&row, arena, error, &view)) return false;
  *ret_view = view;
  return true;
}

/* --- What could be made of one ----------------------------------------------------------------------- */

struct conflict_option {
  struct resolution_view view;
  bool suggested;
  bool takes_back;
};

static const struct field option_fields[] = {
    FIELD_OBJECT(struct conflict_option, "resolution", view, .flags = FIELD_REQUIRED,
                 .object = &resolution_view_schema,
                 .summary = "What it would make of it; of manual_review what userData would be laid over."),
    FIELD_BOOL(struct conflict_option, "isSuggested", suggested, .flags = FIELD_REQUIRED,
               .summary = "Whether it is the one that is suggested."),
    FIELD_BOOL(struct conflict_option, "takesBackCompletion", takes_back, .flags = FIELD_REQUIRED,
               .summary = "Whether the activity, which is completed, would be so no longer."),
};
static const struct schema option_schema = SCHEMA("ConflictOption", struct conflict_option, option_fields,
                                                  .summary = "One of the four resolutions.");

static const struct field preview_fields[] = {
    FIELD_UINT(struct conflict_preview, "id", id, .flags = FIELD_REQUIRED, .summary = "The conflict."),
    FIELD_LIST(struct conflict_preview, "resolutions", resolutions, .object = &option_schema,
               .flags = FIELD_REQUIRED, .maximum = RESOLUTION_TYPES, .summary = "All four."),
};
const struct schema conflict_preview_schema =
    SCHEMA("ConflictPreview", struct conflict_preview, preview_fields,
           .summary = "What each resolution would make of a conflict.");

/* By resolution. */
static const char *const meanings[] = {
    [RESOLUTION_MANUAL_REVIEW] = "The most complete event counts, with your own words in place of its.",
    [RESOLUTION_USE_LATEST] = "The latest event counts; what it leaves out is filled in.",
    [RESOLUTION_USE_MOST_COMPLETE] = "The most complete event counts; what it leaves out is filled in.",
    [RESOLUTION_MERGE_DATA] = "The most complete event counts, with the most that all of them state."};

bool conflict_read_preview(struct db *db, uint64_t user_id, uint64_t id, struct arena *arena,
                           struct error *error, struct conflict_preview *ret_preview) {
  struct conflict_option *options = arena_alloc_array(arena, RESOLUTION_TYPES, sizeof *options);
  struct conflict_view conflict;
  struct conflict_events events;
  if (options == NULL) return error_set_memory(error);
  if (!conflict_read_one(db, user_id, id, arena, error, &conflict)) return false;
  if (conflict.resolution_given == PRESENCE_GIVEN)
    return error_set(error, ERROR_CONFLICT, "It was resolved already, by %s.", conflict.resolved_by);
  if (!conflict_read_events(db, user_id, &id, 1, arena, error, &events, NULL)) return false;
  for (size_t at = 0; at < RESOLUTION_TYPES; at++) {
    struct resolution resolution;
    options[at].suggested = strcmp(conflict.suggested.resolution_type, resolution_type_names[at]) == 0;
    if (!conflict_resolve(events.events, events.count, (enum resolution_type)at, arena, error, &resolution) ||
        !conflict_takes_back(db, user_id, events.events, events.count, &resolution, arena, error,
                             &options[at].takes_back) ||
        !conflict_show_resolution(
            events.events, &resolution, options[at].suggested ? conflict.suggested.reasoning : meanings[at],
            options[at].suggested ? conflict.suggested.confidence : 0, arena, error, &options[at].view))
      return false;
  }
  *ret_preview =
      (struct conflict_preview){.id = id, .resolutions = {.items = options, .count = RESOLUTION_TYPES}};
  return true;
}
