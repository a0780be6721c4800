/* GET /api/progress-sync/achievements, PATCH /api/progress-sync/achievements/{id}. */
#include "event/award_api.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "event/award.h"
#include "http/entry.h"
#include "http/etag.h"
#include "http/freshness.h"
#include "queries/award.h"

#include "base/banned.h"

#define OWN_MAX 2000   /* definitions that there are, and have ever been */
#define PUBLIC_MAX 100 /* of other learners' */
#define DAY_MS INT64_C(86400000)
#define ZONE_MS (15 * INT64_C(3600000)) /* no zone is further from UTC */

/* --- GET ---------------------------------------------------------------------------------------------- */

struct achievements_query {
  struct field_list types; /* int, enum achievement_type */
  const char *start;
  const char *end;
  bool include_public;
};
struct public_achievement {
  const char *display_name;
  const char *id;
  const char *type;
  const char *title;
  const char *description;
  int64_t earned_at_ms;
};
struct achievements_reply {
  struct field_list achievements; /* struct achievement_view */
  struct field_list of_others;    /* struct public_achievement */
  enum presence of_others_given;
};

static bool check_date(const void *value, struct error *error) {
  const char *text = *(const char *const *)value;
  int32_t day;
  int64_t time_ms;
  return clock_parse_day(text, &day) || clock_parse_ms(text, &time_ms) ||
         error_set(error, ERROR_MALFORMED, "must be a day, YYYY-MM-DD, or a time as in 2026-11-21T08:00:00Z");
}

static const struct field query_fields[] = {
    FIELD_LIST(struct achievements_query, "type", types, .item_kind = FIELD_KIND_ENUM,
               .names = achievement_type_names, .maximum = ACHIEVEMENT_TYPES,
               .summary = "Only of these types, with commas between or given several times."),
    FIELD_TEXT(struct achievements_query, "startDate", start, .minimum = 1, .maximum = 40,
               .check = check_date,
               .summary = "Earned on this day of the learner's, or at this moment, or later."),
    FIELD_TEXT(struct achievements_query, "endDate", end, .minimum = 1, .maximum = 40, .check = check_date,
               .summary = "Earned on this day of the learner's, or at this moment, or earlier."),
    FIELD_BOOL(struct achievements_query, "includePublic", include_public, .default_text = "false",
               .summary = "With what others have made public."),
};
static const struct schema query_schema =
    SCHEMA("AchievementsQuery", struct achievements_query, query_fields, .summary = "Which achievements.");

static const struct field public_fields[] = {
    FIELD_TEXT(struct public_achievement, "displayName", display_name,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Whose, as they call themselves; null: they have no name."),
    FIELD_TEXT(struct public_achievement, "id", id, .flags = FIELD_REQUIRED, .summary = "Its definition's."),
    FIELD_TEXT(struct public_achievement, "type", type, .flags = FIELD_REQUIRED,
               .summary = "What it is for."),
    FIELD_TEXT(struct public_achievement, "title", title, .flags = FIELD_REQUIRED, .summary = "Its title."),
    FIELD_TEXT(struct public_achievement, "description", description, .flags = FIELD_REQUIRED,
               .summary = "A sentence more."),
    FIELD_TIME(struct public_achievement, "earnedAt", earned_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was earned."),
};
static const struct schema public_schema =
    SCHEMA("PublicAchievement", struct public_achievement, public_fields,
           .summary = "What another learner has made public.");

static const struct field reply_fields[] = {
    FIELD_LIST(struct achievements_reply, "achievements", achievements, .object = &achievement_view_schema,
               .flags = FIELD_REQUIRED, .maximum = OWN_MAX, .summary = "The learner's own, newest first."),
    FIELD_LIST(struct achievements_reply, "publicAchievements", of_others, .object = &public_schema,
               .presence = PRESENCE(struct achievements_reply, of_others_given), .maximum = PUBLIC_MAX,
               .summary = "With includePublic: the newest of others."),
};
static const struct schema reply_schema =
    SCHEMA("Achievements", struct achievements_reply, reply_fields, .summary = "What was earned.");

/* What a query comes to: both ends included. */
struct achievements_wanted {
  const char *types[ACHIEVEMENT_TYPES]; /* different ones */
  size_t type_count;
  int64_t first_ms;
  int64_t last_ms;
};

/* When that day of the learner's begins; days only grow with time. */
static int64_t day_begins(struct zone_cache *zones, const char *zone, int32_t day) {
  int64_t before = day * DAY_MS - ZONE_MS;
  int64_t within = day * DAY_MS + ZONE_MS;
  while (within - before > 1) {
    int64_t middle = before + (within - before) / 2;
    if (zone_day_at(zones, zone, middle) < day)
      before = middle;
    else
      within = middle;
  }
  return within;
}

static int64_t bound_of(struct request *request, const char *zone, const char *text, bool is_end) {
  int64_t time_ms = is_end ? CLOCK_MAX_MS : CLOCK_MIN_MS;
  int32_t day;
  if (text == NULL) return time_ms;
  if (clock_parse_day(text, &day))
    return is_end ? day_begins(request->zones, zone, day + 1) - 1 : day_begins(request->zones, zone, day);
  (void)clock_parse_ms(text, &time_ms); /* checked by its field */
  return time_ms;
}

static struct achievements_wanted wanted_of(struct request *request, const char *zone,
                                            const struct achievements_query *query) {
  struct achievements_wanted wanted = {.first_ms = bound_of(request, zone, query->start, false),
                                       .last_ms = bound_of(request, zone, query->end, true)};
  const int *types = query->types.items;
  for (int type = 0; type < ACHIEVEMENT_TYPES; type++) {
    bool is_wanted = query->types.count == 0;
    for (size_t at = 0; at < query->types.count; at++)
      is_wanted = is_wanted || types[at] == type;
    if (is_wanted) wanted.types[wanted.type_count++] = achievement_type_names[type];
  }
  return wanted;
}

/* A list of types is read in several executions: newest first they are only here. */
static int compare_own(const void *left, const void *right) {
  const struct achievement_view *a = left;
  const struct achievement_view *b = right;
  if (a->earned_at_ms != b->earned_at_ms) return a->earned_at_ms > b->earned_at_ms ? -1 : 1;
  return strcmp(a->id, b->id);
}

static int compare_public(const void *left, const void *right) {
  const struct public_achievement *a = left;
  const struct public_achievement *b = right;
  if (a->earned_at_ms != b->earned_at_ms) return a->earned_at_ms > b->earned_at_ms ? -1 : 1;
  return strcmp(a->id, b->id);
}

static bool read_own(struct db *db, uint64_t user_id, const struct achievements_wanted *wanted,
                     struct arena *arena, struct error *error, struct achievements_reply *reply) {
  struct award_own_params params[ACHIEVEMENT_TYPES];
  struct award_own_row *rows;
  size_t count;
  for (size_t at = 0; at < wanted->type_count; at++)
    params[at] = (struct award_own_params){.user_id = user_id,
                                           .achievement_type = wanted->types[at],
                                           .first = wanted->first_ms,
                                           .last = wanted->last_ms,
                                           .limit_rows = OWN_MAX};
  if (!award_own(db, params, wanted->type_count, arena, wanted->type_count * OWN_MAX, error, &rows, &count))
    return false;
  struct achievement_view *views = arena_alloc_array(arena, count + 1, sizeof *views);
  if (views == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    views[at] = (struct achievement_view){.id = rows[at].id,
                                          .type = rows[at].achievement_type,
                                          .title = rows[at].title,
                                          .description = rows[at].description,
                                          .earned_at_ms = rows[at].earned_at,
                                          .is_public = rows[at].is_public,
                                          .trigger_event_id = rows[at].trigger_event_id,
                                          .metadata = rows[at].metadata};
  qsort(views, count, sizeof *views, compare_own);
  reply->achievements = (struct field_list){.items = views, .count = count < OWN_MAX ? count : OWN_MAX};
  return true;
}

static bool read_public(struct db *db, uint64_t user_id, const struct achievements_wanted *wanted,
                        struct arena *arena, struct error *error, struct achievements_reply *reply) {
  struct award_public_params params[ACHIEVEMENT_TYPES];
  struct award_public_row *rows;
  size_t count;
  for (size_t at = 0; at < wanted->type_count; at++)
    params[at] = (struct award_public_params){.user_id = user_id,
                                              .achievement_type = wanted->types[at],
                                              .first = wanted->first_ms,
                                              .last = wanted->last_ms,
                                              .limit_rows = PUBLIC_MAX};
  if (!award_public(db, params, wanted->type_count, arena, wanted->type_count * PUBLIC_MAX, error, &rows,
                    &count))
    return false;
  struct public_achievement *items = arena_alloc_array(arena, count + 1, sizeof *items);
  if (items == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    items[at] = (struct public_achievement){.display_name = rows[at].display_name,
                                            .id = rows[at].id,
                                            .type = rows[at].achievement_type,
                                            .title = rows[at].title,
                                            .description = rows[at].description,
                                            .earned_at_ms = rows[at].earned_at};
  qsort(items, count, sizeof *items, compare_public);
  reply->of_others = (struct field_list){.items = items, .count = count < PUBLIC_MAX ? count : PUBLIC_MAX};
  reply->of_others_given = PRESENCE_GIVEN;
  return true;
}

/* The learner's own have a tag. What others have made public moves without any revision of the learner's: a
 * reply with that has none. */
static bool tag(struct request *request, const struct freshness *freshness, struct error *error) {
  char etag[ETAG_BYTES];
  etag_make(request, freshness, etag);
  const char *copy = arena_strdup(request->arena, etag);
  if (copy == NULL) return error_set_memory(error);
  request_add_header(request, "ETag", copy);
  if (request->if_none_match != NULL && etag_matches(request->if_none_match, etag)) request->status = 304;
  return true;
}

static bool handle_list(struct request *request, const void *query_struct, const void *body,
                        void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct achievements_query *query = query_struct;
  struct freshness freshness;
  (void)body;
  if (!request_borrow(request, error, &lease) || !db_begin_snapshot(lease.db, error) ||
      !freshness_of(lease.db, request->principal.user_id, request->arena, error, &freshness))
    return false;
  if (!query->include_public && !tag(request, &freshness, error)) return false;
  if (request->status == 304) return true;
  struct achievements_wanted wanted = wanted_of(request, freshness.time_zone, query);
  return read_own(lease.db, freshness.user_id, &wanted, request->arena, error, reply_struct) &&
         (!query->include_public ||
          read_public(lease.db, freshness.user_id, &wanted, request->arena, error, reply_struct));
}

/* --- PATCH -------------------------------------------------------------------------------------------- */

struct achievement_patch {
  bool is_public;
};
struct achievement_reply {
  bool success;
  struct achievement_view achievement;
  uint64_t revision;
};
struct patch_input {
  const char *id;
  bool is_public;
};

static const struct field patch_fields[] = {
    FIELD_BOOL(struct achievement_patch, "isPublic", is_public, .flags = FIELD_REQUIRED,
               .summary = "Whether others may see it, under the learner's display name."),
};
static const struct schema patch_schema =
    SCHEMA("AchievementPatch", struct achievement_patch, patch_fields, .summary = "What is to change.");

static const struct field patch_reply_fields[] = {
    FIELD_BOOL(struct achievement_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_OBJECT(struct achievement_reply, "achievement", achievement, .object = &achievement_view_schema,
                 .flags = FIELD_REQUIRED, .summary = "As it is now."),
    FIELD_UINT(struct achievement_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards."),
};
static const struct schema patch_reply_schema = SCHEMA("AchievementPatched", struct achievement_reply,
                                                       patch_reply_fields, .summary = "What was changed.");

static bool patch_found(struct ledger_tx *tx, struct ledger_entry *entry, const struct award_find_row *row,
                        struct error *error) {
  const struct patch_input *input = entry->input;
  struct achievement_reply *reply = entry->reply;
  struct award_show_params params = {
      .user_id = entry->learner.user_id, .id = input->id, .is_public = input->is_public};
  struct ledger_change change = {
      .what = "visibility", .key = input->id, .because = input->is_public ? "made public" : "made private"};
  struct db_outcome outcome;
  bool moves = row->is_public != input->is_public;
  *reply = (struct achievement_reply){.success = true,
                                      .achievement = {.id = input->id,
                                                      .type = row->achievement_type,
                                                      .title = row->title,
                                                      .description = row->description,
                                                      .earned_at_ms = row->earned_at,
                                                      .is_public = input->is_public,
                                                      .trigger_event_id = row->trigger_event_id,
                                                      .metadata = row->metadata},
                                      .revision = entry->learner.revision - (moves ? 0 : 1)};
  return !moves ||
         (award_show(ledger_db(tx), &params, error, &outcome) && ledger_report(tx, entry, &change, error));
}

static bool patch_work(struct ledger_tx *tx, struct error *error) {
  struct ledger_entry *entry = ledger_at(tx, 0);
  const struct patch_input *input = entry->input;
  struct award_find_params params = {.user_id = entry->learner.user_id, .id = input->id};
  struct award_find_row row;
  bool found;
  if (!award_find(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found)) return false;
  if (found) return patch_found(tx, entry, &row, error);
  error_set(&entry->error, ERROR_NOT_FOUND, "You have not earned such an achievement.");
  ledger_fail(entry);
  return true;
}

static const struct ledger_kind patch_kind = {.name = "achievement", .work = patch_work};

/* Which one is meant is said by the path: a key that was used for another is no repeat. */
static bool handle_patch(struct request *request, const void *query, const void *body_struct, void *reply,
                         struct error *error) {
  const struct achievement_patch *body = body_struct;
  struct patch_input input = {.id = request->path_parts[0], .is_public = body->is_public};
  struct ledger_entry entry;
  (void)query;
  const char *what = arena_printf(request->arena, "%s:%s", patch_kind.name, input.id);
  if (what == NULL) return error_set_memory(error);
  if (!entry_begin(request, &patch_kind, NULL, &patch_schema, body, error, &entry) ||
      !ledger_hash(what, &patch_schema, body, error, &entry.request_hash))
    return false;
  entry.input = &input;
  entry.reply_schema = &patch_reply_schema;
  entry.reply = reply;
  return ledger_run_one(request->app->ledger, &patch_kind, &entry, NULL, request->arena, error) &&
         entry_answer(request, &entry);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress-sync/achievements",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_TAGGED,
     .query = &query_schema,
     .reply = &reply_schema,
     .handle = handle_list,
     .tag = "Achievements",
     .summary = "What the learner has earned; on demand, what others show of theirs"},
    {.method = "PATCH",
     .path = "/api/progress-sync/achievements/{id}",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY,
     .body = &patch_schema,
     .reply = &patch_reply_schema,
     .handle = handle_patch,
     .tag = "Achievements",
     .summary = "Show an achievement to others, or keep it to oneself"},
};
const struct endpoint_table award_endpoints = ENDPOINT_TABLE(rows);
