/* What the three decoders (JSON, query strings, YAML) share: where a value stands, complaining
 * about it, and storing it under its field's rules. Inside this room only. */
#ifndef LOCKSTEP_SCHEMA_DECODER_H
#define LOCKSTEP_SCHEMA_DECODER_H

#include "schema/decode.h"

#define DECODER_FIELDS_MAX 128 /* of one schema */
#define DECODER_KEY_BYTES 128  /* longest name that can be a field's */

/* A path within the document, as frames on the decoders' own stack: written out only to complain. */
struct place {
  const struct place *parent; /* NULL: the document itself */
  const char *name;           /* NULL: an item */
  size_t index;
};

struct decoder {
  struct arena *arena;
  struct error *error;
  enum unknown_keys unknown;
  const char *file; /* YAML: named in complaints, with line and column; NULL otherwise */
  size_t line;
  size_t column;
  bool stopped; /* no use in going on: no memory, or as many complaints as an error can hold */
  bool missing; /* a required field of the outermost struct is absent, null or the empty text */
};

/* One complaint. Always false. */
bool decoder_complain(struct decoder *decoder, const struct place *place, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* "must be …", from the field's own row. Always false. */
bool decoder_refuse(struct decoder *decoder, const struct place *place, const struct field *field);
bool decoder_refuse_memory(struct decoder *decoder);

/* Stores one scalar, or JSON, given as text. `text` is NUL-terminated valid UTF-8 without a NUL
 * in it, and in the arena. Bounds and .check included. */
bool decoder_store(struct decoder *decoder, const struct place *place, const struct field *field,
                   const char *text, size_t text_bytes, void *member);
/* A list of scalars from comma-separated text; "" is the empty list. */
void decoder_store_list(struct decoder *decoder, const struct place *place, const struct field *field,
                        const char *text, struct field_list *member);
/* Room for a list's items. False: more or fewer than the field allows, or no memory. */
bool decoder_start_list(struct decoder *decoder, const struct place *place, const struct field *field,
                        size_t count, struct field_list *ret_list);
/* The row of one scalar item of a list. */
struct field decoder_item_field(const struct field *list);

bool decoder_check(struct decoder *decoder, const struct place *place, const struct field *field,
                   const void *member);
/* A required field of the outermost struct is not there at all; see schema.missing. */
void decoder_note_missing(struct decoder *decoder, const struct place *place, const struct field *field);
/* null where a value was expected. */
bool decoder_store_null(struct decoder *decoder, const struct place *place, const struct field *field,
                        char *structure);
void decoder_set_presence(const struct field *field, char *structure, enum presence presence);

/* Which fields of a struct were given; `next` is where the search for the next name begins. */
struct decoder_seen {
  bool given[DECODER_FIELDS_MAX];
  size_t next;
};
/* NULL: the schema has no such field. */
const struct field *decoder_find(const struct schema *schema, struct decoder_seen *seen, const char *name,
                                 size_t name_bytes);
bool decoder_refuse_unknown(struct decoder *decoder, const struct place *place, const struct schema *schema,
                            const char *name);
/* Defaults for what was not given, complaints about what is required. */
void decoder_finish(struct decoder *decoder, const struct place *place, const struct schema *schema,
                    const struct decoder_seen *seen, char *structure);

#endif
