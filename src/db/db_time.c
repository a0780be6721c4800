/* DATETIME and DATE, and what stands for them in C. */
#include <string.h>

#include "base/clock.h"
#include "db/db_internal.h"

#include "base/banned.h"

#define MS_PER_DAY INT64_C(86400000)

void db_time_from_day(int32_t day, MYSQL_TIME *ret_time) {
  int year;
  int month;
  int date;
  if (day < CLOCK_MIN_DAY) day = CLOCK_MIN_DAY;
  if (day > CLOCK_MAX_DAY) day = CLOCK_MAX_DAY;
  clock_civil_from_day(day, &year, &month, &date);
  memset(ret_time, 0, sizeof *ret_time);
  ret_time->year = (unsigned)year;
  ret_time->month = (unsigned)month;
  ret_time->day = (unsigned)date;
  ret_time->time_type = MYSQL_TIMESTAMP_DATE;
}

/* 0000-00-00 and days such as February 0, which only a server without strict mode ever stored, become
 * the first day there is: one old row must not fail a read. */
int32_t db_time_to_day(const MYSQL_TIME *time) {
  if (time->year == 0 || time->month == 0 || time->day == 0) return CLOCK_MIN_DAY;
  return clock_day_from_civil((int)time->year, (int)time->month, (int)time->day);
}

void db_time_from_ms(int64_t time_ms, MYSQL_TIME *ret_time) {
  if (time_ms < CLOCK_MIN_MS) time_ms = CLOCK_MIN_MS;
  if (time_ms > CLOCK_MAX_MS) time_ms = CLOCK_MAX_MS;
  int64_t day = time_ms / MS_PER_DAY;
  int64_t rest_ms = time_ms % MS_PER_DAY;
  if (rest_ms < 0) {
    day--;
    rest_ms += MS_PER_DAY;
  }
  db_time_from_day((int32_t)day, ret_time);
  ret_time->hour = (unsigned)(rest_ms / 3600000);
  ret_time->minute = (unsigned)(rest_ms / 60000 % 60);
  ret_time->second = (unsigned)(rest_ms / 1000 % 60);
  ret_time->second_part = (unsigned long)(rest_ms % 1000) * 1000;
  ret_time->time_type = MYSQL_TIMESTAMP_DATETIME;
}

int64_t db_time_to_ms(const MYSQL_TIME *time) {
  int64_t seconds = (int64_t)time->hour * 3600 + (int64_t)time->minute * 60 + (int64_t)time->second;
  return db_time_to_day(time) * MS_PER_DAY + seconds * 1000 + (int64_t)(time->second_part / 1000);
}
