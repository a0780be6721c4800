#include "schema/describe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

#define NAME_COMPARED_BYTES 48

struct sentence {
  char *text;
  size_t bytes;
  size_t length;
};

static void PRINTF_LIKE(2, 3) say(struct sentence *sentence, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length =
      vsnprintf(sentence->text + sentence->length, sentence->bytes - sentence->length, format, arguments);
  va_end(arguments);
  if (length < 0) return;
  sentence->length += (size_t)length;
  if (sentence->length >= sentence->bytes) sentence->length = sentence->bytes - 1;
}

static void say_bounds(struct sentence *sentence, const struct field *field) {
  bool low = field_has_minimum(field);
  bool high = field_has_maximum(field);
  if (low && high) say(sentence, " from %" PRId64 " to %" PRId64, field->minimum, field->maximum);
  if (low && !high) say(sentence, " of at least %" PRId64, field->minimum);
  if (!low && high) say(sentence, " of at most %" PRId64, field->maximum);
}

static void say_count(struct sentence *sentence, const struct field *field, const char *unit) {
  if (field_has_maximum(field) && field->minimum == field->maximum)
    say(sentence, " of exactly %" PRId64 " %s", field->maximum, unit);
  else if (field_has_maximum(field) && field->minimum > 0)
    say(sentence, " of %" PRId64 " to %" PRId64 " %s", field->minimum, field->maximum, unit);
  else if (field_has_maximum(field))
    say(sentence, " of at most %" PRId64 " %s", field->maximum, unit);
  else if (field->minimum > 0)
    say(sentence, " of at least %" PRId64 " %s", field->minimum, unit);
}

static void say_times(struct sentence *sentence, const struct field *field) {
  char low[CLOCK_ISO_BYTES];
  char high[CLOCK_ISO_BYTES];
  say(sentence, "a time such as 2026-01-31T12:00:00Z");
  if (!field_has_maximum(field)) return;
  clock_format_ms(field->minimum, low);
  clock_format_ms(field->maximum, high);
  say(sentence, ", from %s to %s", low, high);
}

static void say_days(struct sentence *sentence, const struct field *field) {
  char low[CLOCK_DAY_BYTES];
  char high[CLOCK_DAY_BYTES];
  say(sentence, "a day such as 2026-01-31");
  if (!field_has_maximum(field)) return;
  clock_format_day((int32_t)field->minimum, low);
  clock_format_day((int32_t)field->maximum, high);
  say(sentence, ", from %s to %s", low, high);
}

static void say_names(struct sentence *sentence, const struct field *field) {
  say(sentence, "one of: ");
  for (const char *const *name = field->names; *name != NULL; name++)
    say(sentence, "%s%s", name == field->names ? "" : ", ", *name);
}

void describe_field(const struct field *field, char *text, size_t bytes) {
  struct sentence sentence = {.text = text, .bytes = bytes};
  text[0] = '\0';
  switch (field->kind) {
  case FIELD_KIND_BOOL:
    say(&sentence, "true or false");
    break;
  case FIELD_KIND_INT:
  case FIELD_KIND_UINT:
    say(&sentence, "a whole number");
    say_bounds(&sentence, field);
    break;
  case FIELD_KIND_NUMBER:
    say(&sentence, "a number");
    say_bounds(&sentence, field);
    break;
  case FIELD_KIND_TEXT:
    say(&sentence, "text");
    say_count(&sentence, field, "characters");
    break;
  case FIELD_KIND_TIME:
    say_times(&sentence, field);
    break;
  case FIELD_KIND_DAY:
    say_days(&sentence, field);
    break;
  case FIELD_KIND_ENUM:
    say_names(&sentence, field);
    break;
  case FIELD_KIND_JSON:
    say(&sentence, "JSON");
    say_count(&sentence, field, "bytes");
    break;
  case FIELD_KIND_OBJECT:
    say(&sentence, "an object");
    break;
  case FIELD_KIND_LIST:
    say(&sentence, "a list");
    say_count(&sentence, field, "items");
    break;
  }
}

static size_t smallest(size_t one, size_t two, size_t three) {
  size_t least = one < two ? one : two;
  return least < three ? least : three;
}

/* Edits (insert, drop, replace a character) from one name to the other. */
static size_t distance(const char *left, const char *right) {
  size_t row[NAME_COMPARED_BYTES + 1];
  size_t right_bytes = strlen(right);
  for (size_t at = 0; at <= right_bytes; at++)
    row[at] = at;
  for (size_t line = 0; left[line] != '\0'; line++) {
    size_t diagonal = row[0];
    row[0] = line + 1;
    for (size_t at = 1; at <= right_bytes; at++) {
      size_t above = row[at];
      row[at] = smallest(above + 1, row[at - 1] + 1, diagonal + (left[line] != right[at - 1]));
      diagonal = above;
    }
  }
  return row[right_bytes];
}

const struct field *describe_nearest(const struct schema *schema, const char *name) {
  const struct field *nearest = NULL;
  size_t name_bytes = strlen(name);
  size_t best = name_bytes / 3 + 2;
  if (name_bytes > NAME_COMPARED_BYTES) return NULL;
  for (size_t at = 0; at < schema->field_count; at++) {
    const struct field *field = &schema->fields[at];
    if (strlen(field->name) > NAME_COMPARED_BYTES) continue;
    size_t edits = distance(name, field->name);
    if (edits >= best) continue;
    best = edits;
    nearest = field;
  }
  return nearest;
}
