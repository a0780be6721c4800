/* Clocks and points in time. Wall-clock times are int64_t milliseconds since 1970 in UTC
 * (suffix _ms); durations and deadlines are monotonic milliseconds. Thread-safe. */
#ifndef LOCKSTEP_BASE_CLOCK_H
#define LOCKSTEP_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "2026-11-21T00:53:07.123Z" and its NUL. */
#define CLOCK_ISO_BYTES 25
/* "2026-11-21" and its NUL. */
#define CLOCK_DAY_BYTES 11

/* The years that DATETIME can hold with room at both ends: 1000-01-01 … 9999-12-31. */
#define CLOCK_MIN_MS INT64_C(-30610224000000)
#define CLOCK_MAX_MS INT64_C(253402300799999)
#define CLOCK_MIN_DAY INT32_C(-354285)
#define CLOCK_MAX_DAY INT32_C(2932896)

int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_ns(void);
void clock_sleep_ms(int64_t duration_ms);

/* Calendar days are int32_t days since 1970-01-01, in whatever calendar they were taken from. */
int32_t clock_day_from_civil(int year, int month, int day);
void clock_civil_from_day(int32_t day, int *ret_year, int *ret_month, int *ret_day);

/* Both formats are ISO 8601. `text` has CLOCK_ISO_BYTES or CLOCK_DAY_BYTES bytes; values outside
 * the bounds above are clamped. */
void clock_format_ms(int64_t time_ms, char *text);
void clock_format_day(int32_t day, char *text);

/* Accepts YYYY-MM-DDThh:mm[:ss[.fraction]](Z|±hh[:]mm); a fraction is truncated to milliseconds,
 * a leap second is taken as :59. False when the text is not a time, or out of bounds. */
bool clock_parse_ms(const char *text, int64_t *ret_time_ms);
/* Accepts YYYY-MM-DD, a day that exists. */
bool clock_parse_day(const char *text, int32_t *ret_day);

#endif
