#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_DAY INT64_C(86400000)

static int64_t clock_read_ns(clockid_t id) {
  struct timespec now;
  clock_gettime(id, &now);
  return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t clock_now_ms(void) { return clock_read_ns(CLOCK_REALTIME) / INT64_C(1000000); }
int64_t clock_monotonic_ms(void) { return clock_read_ns(CLOCK_MONOTONIC) / INT64_C(1000000); }
int64_t clock_monotonic_ns(void) { return clock_read_ns(CLOCK_MONOTONIC); }

void clock_sleep_ms(int64_t duration_ms) {
  if (duration_ms <= 0) return;
  struct timespec pause = {.tv_sec = duration_ms / MS_PER_SECOND,
                           .tv_nsec = duration_ms % MS_PER_SECOND * 1000000};
  while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
    continue;
}

/* The proleptic Gregorian calendar counted in years that begin on 1 March, so that the leap day
 * is the last of its year and every month's first day is a linear function of the month. */
int32_t clock_day_from_civil(int year, int month, int day) {
  int shifted_year = month <= 2 ? year - 1 : year;
  int era = (shifted_year >= 0 ? shifted_year : shifted_year - 399) / 400;
  int year_of_era = shifted_year - era * 400;
  int month_from_march = (month + 9) % 12;
  int day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void clock_civil_from_day(int32_t day, int *ret_year, int *ret_month, int *ret_day) {
  int64_t shifted = (int64_t)day + 719468;
  int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  int64_t day_of_era = shifted - era * 146097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_from_march = (5 * day_of_year + 2) / 153;
  *ret_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  *ret_month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2 ? 1 : 0));
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  if (value < low) return low;
  return value > high ? high : value;
}

static void put_digits(char *text, int value, int width) {
  for (int at = width - 1; at >= 0; at--) {
    text[at] = (char)('0' + value % 10);
    value /= 10;
  }
}

void clock_format_day(int32_t day, char *text) {
  int year;
  int month;
  int day_of_month;
  clock_civil_from_day((int32_t)clamp(day, CLOCK_MIN_DAY, CLOCK_MAX_DAY), &year, &month, &day_of_month);
  memcpy(text, "0000-00-00", CLOCK_DAY_BYTES);
  put_digits(text, year, 4);
  put_digits(text + 5, month, 2);
  put_digits(text + 8, day_of_month, 2);
}

void clock_format_ms(int64_t time_ms, char *text) {
  time_ms = clamp(time_ms, CLOCK_MIN_MS, CLOCK_MAX_MS);
  int64_t day = time_ms / MS_PER_DAY;
  int64_t rest = time_ms % MS_PER_DAY;
  if (rest < 0) {
    day--;
    rest += MS_PER_DAY;
  }
  clock_format_day((int32_t)day, text);
  memcpy(text + 10, "T00:00:00.000Z", 15);
  put_digits(text + 11, (int)(rest / 3600000), 2);
  put_digits(text + 14, (int)(rest / 60000 % 60), 2);
  put_digits(text + 17, (int)(rest / 1000 % 60), 2);
  put_digits(text + 20, (int)(rest % 1000), 3);
}

/* Reads exactly `width` digits and moves on. */
static bool take_digits(const char **text, int width, int *ret_value) {
  int value = 0;
  for (int at = 0; at < width; at++) {
    char digit = (*text)[at];
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + (digit - '0');
  }
  *text += width;
  *ret_value = value;
  return true;
}

static bool take_char(const char **text, char expected) {
  if (**text != expected) return false;
  (*text)++;
  return true;
}

static bool take_day(const char **text, int32_t *ret_day) {
  int year;
  int month;
  int day;
  if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
      !take_char(text, '-') || !take_digits(text, 2, &day))
    return false;
  if (year < 1000 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  int32_t number = clock_day_from_civil(year, month, day);
  int same_year;
  int same_month;
  int same_day;
  clock_civil_from_day(number, &same_year, &same_month, &same_day);
  if (same_day != day) return false;
  *ret_day = number;
  return true;
}

bool clock_parse_day(const char *text, int32_t *ret_day) {
  int32_t day;
  if (!take_day(&text, &day) || *text != '\0') return false;
  *ret_day = day;
  return true;
}

static bool take_zone(const char **text, int64_t *ret_offset_ms) {
  int hours;
  int minutes;
  if (take_char(text, 'Z') || take_char(text, 'z')) {
    *ret_offset_ms = 0;
    return true;
  }
  int sign = **text == '-' ? -1 : 1;
  if (!take_char(text, '+') && !take_char(text, '-')) return false;
  if (!take_digits(text, 2, &hours)) return false;
  (void)take_char(text, ':');
  if (!take_digits(text, 2, &minutes) || hours > 23 || minutes > 59) return false;
  *ret_offset_ms = (int64_t)sign * (hours * 60 + minutes) * 60 * MS_PER_SECOND;
  return true;
}

static int take_fraction_ms(const char **text) {
  int milliseconds = 0;
  int scale = 100;
  while (**text >= '0' && **text <= '9') {
    milliseconds += (**text - '0') * scale;
    scale /= 10;
    (*text)++;
  }
  return milliseconds;
}

bool clock_parse_ms(const char *text, int64_t *ret_time_ms) {
  int32_t day;
  int hours;
  int minutes;
  int seconds = 0;
  int milliseconds = 0;
  int64_t offset_ms;
  if (!take_day(&text, &day)) return false;
  if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' ')) return false;
  if (!take_digits(&text, 2, &hours) || !take_char(&text, ':') || !take_digits(&text, 2, &minutes))
    return false;
  if (take_char(&text, ':')) {
    if (!take_digits(&text, 2, &seconds)) return false;
    if (take_char(&text, '.')) {
      if (*text < '0' || *text > '9') return false;
      milliseconds = take_fraction_ms(&text);
    }
  }
  if (hours > 23 || minutes > 59 || seconds > 60) return false;
  if (seconds == 60) seconds = 59;
  if (!take_zone(&text, &offset_ms) || *text != '\0') return false;
  int64_t time_ms = day * MS_PER_DAY + ((hours * 60 + minutes) * INT64_C(60) + seconds) * MS_PER_SECOND +
                    milliseconds - offset_ms;
  if (time_ms < CLOCK_MIN_MS || time_ms > CLOCK_MAX_MS) return false;
  *ret_time_ms = time_ms;
  return true;
}
