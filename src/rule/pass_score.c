/* The score of each learner, as a pass finds it. Kept where the learner's view of everything reads it; no
 * learner transaction, because nothing of the learner's changes by being looked at. */
#include <inttypes.h>

#include "base/clock.h"
#include "queries/pass.h"
#include "rule/pass_private.h"

#include "base/banned.h"

#define SCORE_MIN 0.01
#define SCORES_BYTES_MAX ((size_t)64 * PASS_RANGE_LEARNERS)

double pass_score_of(size_t broken, size_t asked) {
  double score = 1 - (double)broken / (double)(asked == 0 ? 1 : asked);
  return score < SCORE_MIN ? SCORE_MIN : score;
}

static size_t rules_asked(const struct pass_found *found) {
  size_t asked = 0;
  for (size_t at = 0; at < found->rule_count; at++)
    if (found->rules[at].asked) asked++;
  return asked;
}

static bool write_broken(struct db *db, const struct pass_found *found, int64_t now_ms, struct error *error) {
  CLEANUP(buffer_free) struct buffer scores = BUFFER_INIT(SCORES_BYTES_MAX);
  size_t asked = rules_asked(found);
  struct db_outcome outcome;
  for (size_t at = 0; at < found->learners_in_breach; at++)
    buffer_printf(&scores, "%s[%" PRIu64 ",%.3f]", at == 0 ? "[" : ",", found->broken[at].user_id,
                  pass_score_of(found->broken[at].rules, asked));
  buffer_append_char(&scores, ']');
  if (scores.failed) return error_set_memory(error);
  struct pass_score_broken_params params = {.scores = buffer_text(&scores), .scored_at = now_ms};
  return pass_score_broken(db, &params, error, &outcome);
}

bool pass_score_write(struct db *db, uint64_t from_user, const struct pass_found *found,
                      struct error *error) {
  struct pass_score_whole_params whole = {
      .from_id = from_user, .to_id = found->last_user, .scored_at = clock_now_ms()};
  struct db_outcome outcome;
  if (found->learners_in_breach > 0 && !write_broken(db, found, whole.scored_at, error)) return false;
  return pass_score_whole(db, &whole, error, &outcome);
}
