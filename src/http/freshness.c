#include "http/freshness.h"

#include "queries/freshness.h"

#include "base/banned.h"

bool freshness_of(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                  struct freshness *ret_freshness) {
  for (int step = 0; step <= FRESHNESS_MERGES_MAX; step++) {
    struct freshness_read_params params = {.user_id = user_id};
    struct freshness_read_row row;
    bool found;
    if (!freshness_read(db, &params, arena, error, &row, &found)) return false;
    if (!found || row.is_deleted) break;
    if (!row.merged_into_is_null) {
      user_id = row.merged_into;
      continue;
    }
    *ret_freshness = (struct freshness){.user_id = row.user_id,
                                        .revision = row.revision,
                                        .updated_us = row.updated_us,
                                        .time_zone = row.time_zone,
                                        .shared_version = row.shared_version,
                                        .shared_epoch = row.shared_epoch};
    return true;
  }
  return error_set(error, ERROR_UNAUTHENTICATED, "The learner of this token is gone.");
}
