/* Field tables: a struct's outside face as rows. One decoder reads JSON bodies, query strings,
 * job parameters and the YAML configuration through them, one encoder writes replies, and the
 * OpenAPI schemas and docs/configuration.md are printed from the same rows. A handler is handed a
 * struct; it never picks a JSON value apart.
 *
 *   struct answer_body { const char *exercise_id; uint64_t tokens; enum presence tokens_given; };
 *   static const struct field answer_fields[] = {
 *     FIELD_TEXT(struct answer_body, "exerciseId", exercise_id, .flags = FIELD_REQUIRED, .minimum = 1,
 *                .maximum = 190, .summary = "The exercise that was answered."),
 *     FIELD_UINT(struct answer_body, "tokens", tokens, .presence = PRESENCE(struct answer_body,
 * tokens_given), .maximum = 1000000, .summary = "Tokens the client awards."),
 *   };
 *   const struct schema answer_schema =
 *     SCHEMA("AnswerBody", struct answer_body, answer_fields, .summary = "An answer.");
 */
#ifndef LOCKSTEP_SCHEMA_FIELD_H
#define LOCKSTEP_SCHEMA_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

/* A field's C type is fixed by its kind, and checked by the FIELD_ macros at compile time. */
enum field_kind {
  FIELD_KIND_BOOL,   /* bool */
  FIELD_KIND_INT,    /* int64_t */
  FIELD_KIND_UINT,   /* uint64_t */
  FIELD_KIND_NUMBER, /* double, finite */
  FIELD_KIND_TEXT,   /* const char *, UTF-8 without NUL, in the arena; NULL: absent or null */
  FIELD_KIND_TIME,   /* int64_t, milliseconds UTC; ISO 8601 outside (base/clock.h) */
  FIELD_KIND_DAY,    /* int32_t, days since 1970-01-01; YYYY-MM-DD outside */
  FIELD_KIND_ENUM,   /* int, an index into .names */
  FIELD_KIND_JSON,   /* const char *: any JSON value, its text as it stood (.maximum: bytes); NULL: absent.
                      * null is a value like others, unless the field is FIELD_REQUIRED or FIELD_NULLABLE */
  FIELD_KIND_OBJECT, /* the nested struct itself, described by .object */
  FIELD_KIND_LIST    /* struct field_list; items by .object, or scalars of .item_kind */
};

struct field_list {
  void *items; /* array in the arena: of structs, or of the item kind's C type */
  size_t count;
};

/* Where PATCH and optional fields must tell absent from null from given. */
enum presence { PRESENCE_ABSENT, PRESENCE_NULL, PRESENCE_GIVEN };

enum field_flags {
  FIELD_REQUIRED =
      1, /* decode: absent is a 400, and so is null without FIELD_NULLABLE. encode: never omitted */
  FIELD_NULLABLE = 2, /* decode: null is allowed, and with a default means that. encode: PRESENCE_NULL is
                       * written as null; a NULL text without a presence only where it is required */
  FIELD_SECRET = 4,   /* configuration: printed as "***" */
  FIELD_USER = 16,    /* UINT: a user's id, 7 or "user_7" (base/user_id.h) */
  FIELD_COLLECT_ERRORS =
      8 /* list of objects: a bad item is kept with its error (see schema.item_error_offset) */
};

struct field {
  const char *name; /* as it stands outside */
  enum field_kind kind;
  size_t offset;
  size_t presence; /* PRESENCE(struct, member) of an enum presence, or 0 for none */
  unsigned flags;
  /* Inclusive bounds: of the number; of a text's length in code points; of a list's count (its scalar
   * items have none); of a JSON value's text in bytes; of a TIME in ms, a DAY in days. 0/0 is none, and
   * a maximum of 0 over a positive minimum is no maximum. A list without a maximum is a defect. */
  int64_t minimum;
  int64_t maximum;
  const char *default_text;    /* the value as a query string would give it; NULL: zero, or absent */
  const char *const *names;    /* ENUM: NULL-terminated */
  const struct schema *object; /* OBJECT, LIST of objects */
  enum field_kind item_kind;   /* LIST of scalars (object == NULL) */
  /* Optional further check on the decoded value; `value` points at the member. Sets error with
   * error_add_field-style text in error->message and returns false when it does not hold. */
  bool (*check)(const void *value, struct error *error);
  const char *summary; /* one line of meaning; goes to OpenAPI and the docs */
  const char *example; /* as JSON text, for OpenAPI; NULL: none */
};

struct schema {
  const char *name; /* OpenAPI component name, unique in the program */
  size_t size;      /* of the struct */
  const struct field *fields;
  size_t field_count;
  /* For list items under FIELD_COLLECT_ERRORS, as ITEM_TEXT(struct, member): the `const char *` that
   * receives the item's complaint (NULL: the item is good), and the one that receives its raw JSON,
   * good or bad; 0: not wanted. A bad item's struct holds those of its fields that were good. As
   * ITEM_LIST(struct, member): the list that receives the complaint field by field, struct error_field, none
   * where it is about the item as a whole; 0: not wanted. */
  size_t item_error_offset;
  size_t item_raw_offset;
  size_t item_problems_offset;
  /* What a JSON body is refused with where a field of its own that is FIELD_REQUIRED is absent, null, the
   * empty text, or where it has to be a list, none or an empty one; the complaints by field stay. NULL: the
   * first of those. */
  const char *missing;
  const char *summary;
};

/* Whether a bound stands. */
bool field_has_minimum(const struct field *field);
bool field_has_maximum(const struct field *field);
/* Bytes of one item of a list. */
size_t field_item_bytes(const struct field *list);

#define SCHEMA(schema_name, struct_type, field_table, ...) \
  { \
    .name = (schema_name), .size = sizeof(struct_type), .fields = (field_table), \
    .field_count = ARRAY_LENGTH(field_table), __VA_ARGS__ \
  }

#define PRESENCE(struct_type, member) \
  (offsetof(struct_type, member) + 1 + FIELD_TYPE_CHECK(struct_type, member, enum presence))

/* For .item_error_offset and .item_raw_offset. */
#define ITEM_TEXT(struct_type, member) \
  (offsetof(struct_type, member) + 1 + FIELD_TYPE_CHECK(struct_type, member, const char *))

/* For .item_problems_offset. */
#define ITEM_LIST(struct_type, member) \
  (offsetof(struct_type, member) + 1 + FIELD_TYPE_CHECK(struct_type, member, struct field_list))

/* Zero, or an error at compile time when the member is not of the type. */
#define FIELD_TYPE_CHECK(struct_type, member, c_type) \
  (0 * sizeof(char[_Generic(((struct_type *)0)->member, c_type : 1)]))

#define FIELD_ROW(struct_type, field_name, member, c_type, field_kind_value, ...) \
  { \
    .name = (field_name), .kind = (field_kind_value), \
    .offset = offsetof(struct_type, member) + FIELD_TYPE_CHECK(struct_type, member, c_type), __VA_ARGS__ \
  }

#define FIELD_BOOL(s, n, m, ...) FIELD_ROW(s, n, m, bool, FIELD_KIND_BOOL, __VA_ARGS__)
#define FIELD_INT(s, n, m, ...) FIELD_ROW(s, n, m, int64_t, FIELD_KIND_INT, __VA_ARGS__)
#define FIELD_UINT(s, n, m, ...) FIELD_ROW(s, n, m, uint64_t, FIELD_KIND_UINT, __VA_ARGS__)
#define FIELD_NUMBER(s, n, m, ...) FIELD_ROW(s, n, m, double, FIELD_KIND_NUMBER, __VA_ARGS__)
#define FIELD_TEXT(s, n, m, ...) FIELD_ROW(s, n, m, const char *, FIELD_KIND_TEXT, __VA_ARGS__)
#define FIELD_TIME(s, n, m, ...) FIELD_ROW(s, n, m, int64_t, FIELD_KIND_TIME, __VA_ARGS__)
#define FIELD_DAY(s, n, m, ...) FIELD_ROW(s, n, m, int32_t, FIELD_KIND_DAY, __VA_ARGS__)
#define FIELD_ENUM(s, n, m, ...) FIELD_ROW(s, n, m, int, FIELD_KIND_ENUM, __VA_ARGS__)
#define FIELD_JSON(s, n, m, ...) FIELD_ROW(s, n, m, const char *, FIELD_KIND_JSON, __VA_ARGS__)
#define FIELD_LIST(s, n, m, ...) FIELD_ROW(s, n, m, struct field_list, FIELD_KIND_LIST, __VA_ARGS__)
/* .object = &nested_schema; the member is the nested struct itself. */
#define FIELD_OBJECT(s, n, m, ...) \
  { .name = (n), .kind = FIELD_KIND_OBJECT, .offset = offsetof(s, m), __VA_ARGS__ }

#endif
