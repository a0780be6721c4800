/* achievements: what there is to earn, by whom it is defined, and what was left aside. */
#include "event/award.h"
#include "programs/ctl_print.h"

#include "base/banned.h"

static const struct ctl_column columns[] = {{"ID", false, false},   {"KIND", false, false},
                                            {"TYPE", false, false}, {"AT LEAST", false, false},
                                            {"TITLE", false, true}, {"FILE", false, true}};

static void close_table(struct award_table **table) { award_table_free(*table); }

bool ctl_achievements_list(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(close_table) struct award_table *awards = NULL;
  struct ctl_table table;
  (void)options;
  if (!award_table_load(&ctl->config.events, error, &awards) ||
      !ctl_table_open(&table, ctl, columns, ARRAY_LENGTH(columns), award_table_count(awards), error))
    return false;
  for (size_t at = 0; at < award_table_count(awards); at++) {
    const struct award *award = award_table_at(awards, at);
    const char *cells[] = {award->id,
                           award_kind_names[award->kind],
                           award->kind == AWARD_ACHIEVEMENT ? achievement_type_names[award->type] : NULL,
                           award_ask(award, ctl->arena),
                           ctl_harmless(ctl, award->title),
                           award->of_site ? ctl_harmless(ctl, award->file) : "ships"};
    ctl_table_add(&table, award->of_site ? CTL_BOLD : CTL_PLAIN, cells);
  }
  ctl_table_print(&table, stdout);
  for (size_t at = 0; at < award_table_problem_count(awards); at++)
    (void)fprintf(stderr, "Left aside: %s\n", ctl_harmless(ctl, award_table_problem(awards, at)));
  if (award_table_problem_count(awards) > 0) ctl->outcome = CTL_EXIT_FAILED;
  return true;
}
