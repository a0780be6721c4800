#include "schema/field.h"

#include "base/banned.h"

bool field_has_minimum(const struct field *field) { return field->minimum != 0 || field->maximum > 0; }

bool field_has_maximum(const struct field *field) { return field->maximum != 0 || field->minimum < 0; }

static size_t kind_bytes(enum field_kind kind) {
  switch (kind) {
  case FIELD_KIND_BOOL:
    return sizeof(bool);
  case FIELD_KIND_INT:
  case FIELD_KIND_UINT:
  case FIELD_KIND_TIME:
    return sizeof(int64_t);
  case FIELD_KIND_NUMBER:
    return sizeof(double);
  case FIELD_KIND_DAY:
    return sizeof(int32_t);
  case FIELD_KIND_ENUM:
    return sizeof(int);
  case FIELD_KIND_TEXT:
  case FIELD_KIND_JSON:
    return sizeof(const char *);
  case FIELD_KIND_OBJECT:
  case FIELD_KIND_LIST:
    break;
  }
  return 0;
}

size_t field_item_bytes(const struct field *list) {
  return list->object != NULL ? list->object->size : kind_bytes(list->item_kind);
}
