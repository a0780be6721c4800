/* A database of a test's own on the server of LOCKSTEP_TEST_SOCKET. */
#ifndef LOCKSTEP_TESTS_DB_FIXTURE_H
#define LOCKSTEP_TESTS_DB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "db/db.h"

#define FIXTURE_ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct fixture {
  const char *hosts[2];
  char name[64];
  struct database_config config;
  struct db *db;
  struct arena *arena;
  struct error error;
};

/* Fails the test with the error in its output. */
#define assert_done(fixture, expression) \
  do { \
    if (!(expression)) \
      fail_msg("%s: %s (%s)", #expression, (fixture)->error.message, (fixture)->error.detail); \
  } while (0)

static inline void fixture_exec(struct fixture *fixture, struct db *db, const char *sql) {
  assert_done(fixture, db_text_exec(db, sql, NULL, 0, &fixture->error, NULL));
}

static inline struct db *fixture_connect(struct fixture *fixture) {
  struct db *db = NULL;
  assert_done(fixture, db_connect(&fixture->config, 0, &fixture->error, &db));
  return db;
}

static inline void fixture_init(struct fixture *fixture, const char *name) {
  memset(fixture, 0, sizeof *fixture);
  snprintf(fixture->name, sizeof fixture->name, "lockstep_test_%s_%d", name, (int)getpid());
  fixture->hosts[0] = getenv("LOCKSTEP_TEST_SOCKET");
  fixture->config = (struct database_config){.hosts = {(void *)fixture->hosts, 1},
                                             .user = "root",
                                             .password = "",
                                             .connections = 8,
                                             .connect_timeout_ms = 1000,
                                             .query_timeout_ms = 20000,
                                             .wait_timeout_ms = 2000,
                                             .lifetime_ms = 600000,
                                             .idle_check_ms = 30000};
  fixture->arena = arena_new(FIXTURE_ARENA_BYTES);
  assert_non_null(fixture->arena);
  fixture->db = fixture_connect(fixture);
  char sql[128];
  snprintf(sql, sizeof sql, "CREATE DATABASE %s CHARACTER SET utf8mb4", fixture->name);
  fixture_exec(fixture, fixture->db, sql);
  db_close(fixture->db);
  fixture->config.name = fixture->name;
  fixture->db = fixture_connect(fixture);
}

static inline void fixture_end(struct fixture *fixture) {
  char sql[128];
  snprintf(sql, sizeof sql, "DROP DATABASE %s", fixture->name);
  db_rollback(fixture->db);
  fixture_exec(fixture, fixture->db, sql);
  db_close(fixture->db);
  arena_free(fixture->arena);
}

struct fixture_cell {
  char text[2048];
  size_t rows;
};

static inline bool fixture_keep(const struct db_text_row *row, void *context, struct error *error) {
  struct fixture_cell *cell = context;
  (void)error;
  snprintf(cell->text, sizeof cell->text, "%s", row->values[0] == NULL ? "NULL" : row->values[0]);
  cell->rows++;
  return true;
}

/* The first value of the last row, as text. */
static inline struct fixture_cell fixture_ask(struct fixture *fixture, struct db *db, const char *sql) {
  struct fixture_cell cell = {.rows = 0};
  assert_done(fixture, db_text_each(db, sql, NULL, 0, fixture->arena, fixture_keep, &cell, &fixture->error));
  return cell;
}

/* Without a server these tests are skipped, and say so. */
static inline bool fixture_is_missing(void) {
  if (getenv("LOCKSTEP_TEST_SOCKET") != NULL) return false;
  printf("1..0 # SKIP LOCKSTEP_TEST_SOCKET names no server\n");
  return true;
}

#endif
