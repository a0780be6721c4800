#include "enroll/payment_event.h"

#include <string.h>

#include "base/user_id.h"
#include "schema/decode.h"

#include "base/banned.h"

#define MS_PER_S 1000
#define CURRENCY_CHARACTERS 3
#define CREATED_MAX_S INT64_C(253402300799)
#define SUBSCRIPTION_TYPES "customer.subscription."
#define INVOICE_PREFIX "in_"

const char *const payment_outcome_names[] = {"applied",        "unchanged",  "ignored",
                                             "mismatch",       "unassigned", "unknown_learner",
                                             "unknown_course", "unreadable", NULL};

bool payment_outcome_is_final(enum payment_outcome outcome) { return outcome <= PAYMENT_MISMATCH; }

/* --- The envelope -------------------------------------------------------------------------------- */

struct envelope {
  const char *id;
  const char *type;
  int64_t created_s;
  struct envelope_data {
    const char *object;
  } data;
};

static bool check_id(const void *value, struct error *error) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  const char *text = *(const char *const *)value;
  if (text[strspn(text, allowed)] == '\0') return true;
  return error_set(error, ERROR_MALFORMED, "must be an event's id");
}

static const struct field data_fields[] = {
    FIELD_JSON(struct envelope_data, "object", object, .flags = FIELD_REQUIRED,
               .summary = "What it is about."),
};
static const struct schema data_schema =
    SCHEMA("StripeEventData", struct envelope_data, data_fields, .summary = "Of an event.");

static const struct field envelope_fields[] = {
    FIELD_TEXT(struct envelope, "id", id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = PAYMENT_EVENT_ID_MAX, .check = check_id, .summary = "The event's id."),
    FIELD_TEXT(struct envelope, "type", type, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = PAYMENT_TYPE_MAX, .summary = "What happened."),
    FIELD_INT(struct envelope, "created", created_s, .flags = FIELD_REQUIRED, .minimum = 1,
              .maximum = CREATED_MAX_S, .summary = "When, in seconds since 1970."),
    FIELD_OBJECT(struct envelope, "data", data, .object = &data_schema, .flags = FIELD_REQUIRED,
                 .summary = "To what."),
};
static const struct schema envelope_schema =
    SCHEMA("StripeEvent", struct envelope, envelope_fields, .summary = "An event of Stripe.");

/* --- The objects: what their types have in common has one name and one type ----------------------- */

struct metadata {
  const char *user;
  const char *course;
};

struct details {
  const char *order_reference;
};

struct object {
  const char *id;
  const char *kind;
  const char *status;
  const char *payment_status;
  const char *payment_intent;
  const char *customer;
  const char *subscription;
  const char *invoice;
  const char *currency;
  int64_t amount;
  enum presence amount_given;
  int64_t amount_total;
  enum presence amount_total_given;
  int64_t amount_received;
  enum presence amount_received_given;
  int64_t amount_refunded;
  bool refunded;
  struct metadata metadata;
  struct details details;
};

#define WORD(member, key) \
  FIELD_TEXT(struct object, key, member, .flags = FIELD_NULLABLE, .maximum = PAYMENT_REF_MAX, .summary = key)
#define CENTS(member) \
  FIELD_INT(struct object, #member, member, .flags = FIELD_NULLABLE, \
            .presence = PRESENCE(struct object, member##_given), .summary = #member)

static const struct field metadata_fields[] = {
    FIELD_TEXT(struct metadata, "userId", user, .flags = FIELD_NULLABLE, .summary = "The learner."),
    FIELD_TEXT(struct metadata, "courseId", course, .flags = FIELD_NULLABLE, .summary = "The course."),
};
static const struct schema metadata_schema =
    SCHEMA("StripeMetadata", struct metadata, metadata_fields, .summary = "What the shop wrote on it.");

static const struct field details_fields[] = {
    FIELD_TEXT(struct details, "order_reference", order_reference, .flags = FIELD_NULLABLE,
               .summary = "The invoice, where the provider wrote one."),
};
static const struct schema details_schema =
    SCHEMA("StripePaymentDetails", struct details, details_fields, .summary = "What is paid.");

static const struct field object_fields[] = {
    WORD(id, "id"),
    WORD(kind, "object"),
    WORD(status, "status"),
    WORD(payment_status, "payment_status"),
    WORD(payment_intent, "payment_intent"),
    WORD(customer, "customer"),
    WORD(subscription, "subscription"),
    WORD(invoice, "invoice"),
    WORD(currency, "currency"),
    CENTS(amount),
    CENTS(amount_total),
    CENTS(amount_received),
    FIELD_INT(struct object, "amount_refunded", amount_refunded, .flags = FIELD_NULLABLE,
              .summary = "amount_refunded"),
    FIELD_BOOL(struct object, "refunded", refunded, .flags = FIELD_NULLABLE, .summary = "refunded"),
    FIELD_OBJECT(struct object, "metadata", metadata, .object = &metadata_schema, .flags = FIELD_NULLABLE,
                 .summary = "metadata"),
    FIELD_OBJECT(struct object, "payment_details", details, .object = &details_schema,
                 .flags = FIELD_NULLABLE, .summary = "payment_details"),
};
static const struct schema object_schema =
    SCHEMA("StripeObject", struct object, object_fields, .summary = "What an event is about.");

/* --- From type and object to what is said --------------------------------------------------------- */

static void set_aside(struct payment_event *event, enum payment_outcome verdict, const char *why) {
  event->step = PAYMENT_STEP_NONE;
  event->verdict = verdict;
  event->why = why;
}

static void take_amount(struct payment_event *event, int64_t amount, enum presence given,
                        const char *currency) {
  if (given != PRESENCE_GIVEN || currency == NULL || strlen(currency) != CURRENCY_CHARACTERS) return;
  event->has_amount = true;
  event->amount_cents = amount;
  event->currency = currency;
}

/* Versions of the provider's API since 2025-03-31 have no `invoice`; later ones name it as what was ordered,
 * where a shop may write what it likes. So it counts only where the shop has not said whose and for what it
 * is. */
static bool is_of_invoice(const struct object *object) {
  const char *order = object->details.order_reference;
  if (object->invoice != NULL) return true;
  return object->metadata.user == NULL && object->metadata.course == NULL && order != NULL &&
         strncmp(order, INVOICE_PREFIX, strlen(INVOICE_PREFIX)) == 0;
}

static void take_payment(struct payment_event *event, const struct object *object, const char *ref,
                         enum payment_step step) {
  event->step = step;
  event->ref = ref;
  if (ref == NULL)
    set_aside(event, PAYMENT_IGNORED, "It has no payment intent.");
  else if (is_of_invoice(object))
    set_aside(event, PAYMENT_IGNORED, "It belongs to an invoice, not to a course.");
  else if (step == PAYMENT_STEP_SUCCEEDED && !event->has_amount)
    set_aside(event, PAYMENT_UNREADABLE, "It says not how much was paid.");
}

static void take_session(struct payment_event *event, const struct object *object, enum payment_step step) {
  take_amount(event, object->amount_total, object->amount_total_given, object->currency);
  if (object->subscription == NULL) {
    take_payment(event, object, object->payment_intent, step);
    return;
  }
  event->step = PAYMENT_STEP_SUBSCRIPTION;
  event->ref = object->subscription;
}

static bool is_paid(const struct object *object) {
  return object->payment_status != NULL && strcmp(object->payment_status, "paid") == 0;
}

static void take_completed(struct payment_event *event, const struct object *object) {
  take_session(event, object, is_paid(object) ? PAYMENT_STEP_SUCCEEDED : PAYMENT_STEP_BEGUN);
}

static void take_async_succeeded(struct payment_event *event, const struct object *object) {
  take_session(event, object, PAYMENT_STEP_SUCCEEDED);
  if (!is_paid(object)) set_aside(event, PAYMENT_IGNORED, "Its payment_status is not paid.");
}

static void take_async_failed(struct payment_event *event, const struct object *object) {
  take_session(event, object, PAYMENT_STEP_FAILED);
}

static void take_intent_succeeded(struct payment_event *event, const struct object *object) {
  take_amount(event, object->amount_received, object->amount_received_given, object->currency);
  take_payment(event, object, object->id, PAYMENT_STEP_SUCCEEDED);
}

static void take_intent_failed(struct payment_event *event, const struct object *object) {
  take_amount(event, object->amount, object->amount_given, object->currency);
  take_payment(event, object, object->id, PAYMENT_STEP_FAILED);
}

static void take_refund(struct payment_event *event, const struct object *object) {
  take_amount(event, object->amount, object->amount_given, object->currency);
  event->refunded_cents = object->amount_refunded;
  event->is_fully_refunded = object->refunded;
  take_payment(event, object, object->payment_intent, PAYMENT_STEP_REFUNDED);
}

/* Events have whole seconds, and those of a subscription may share one: within it they count in the order in
 * which a subscription lives, so that the order of delivery says nothing. */
static int64_t subscription_moment_ms(const struct payment_event *event) {
  static const char *const states[] = {"incomplete", "trialing", "active", "past_due", "unpaid", "paused"};
  size_t at = 0;
  if (strcmp(event->type, SUBSCRIPTION_TYPES "created") == 0) return event->created_ms;
  while (at < ARRAY_LENGTH(states) && strcmp(event->subscription_status, states[at]) != 0)
    at++;
  return event->created_ms + 1 + (int64_t)at;
}

static void take_subscription(struct payment_event *event, const struct object *object) {
  event->step = PAYMENT_STEP_SUBSCRIPTION;
  event->ref = object->id;
  event->subscription_status = object->status;
  if (event->ref == NULL || object->status == NULL || strlen(object->status) > 32)
    set_aside(event, PAYMENT_UNREADABLE, "It says not which subscription it is, or not its status.");
  else
    event->as_of_ms = subscription_moment_ms(event);
}

static const struct event_type {
  const char *name; /* or what it begins with, where it ends with a dot */
  const char *object;
  void (*take)(struct payment_event *event, const struct object *object);
} event_types[] = {
    {"checkout.session.completed", "checkout.session", take_completed},
    {"checkout.session.async_payment_succeeded", "checkout.session", take_async_succeeded},
    {"checkout.session.async_payment_failed", "checkout.session", take_async_failed},
    {"payment_intent.succeeded", "payment_intent", take_intent_succeeded},
    {"payment_intent.payment_failed", "payment_intent", take_intent_failed},
    {"charge.refunded", "charge", take_refund},
    {SUBSCRIPTION_TYPES, "subscription", take_subscription},
};

static const struct event_type *find_type(const char *name) {
  for (size_t at = 0; at < ARRAY_LENGTH(event_types); at++) {
    const char *known = event_types[at].name;
    size_t length = strlen(known);
    if (strcmp(known, name) == 0 || (known[length - 1] == '.' && strncmp(known, name, length) == 0))
      return &event_types[at];
  }
  return NULL;
}

static uint64_t read_course(const char *text) {
  static const size_t digits_max = 18;
  size_t length = text == NULL ? 0 : strlen(text);
  uint64_t id = 0;
  if (length == 0 || length > digits_max || strspn(text, "0123456789") != length) return 0;
  for (size_t at = 0; at < length; at++)
    id = id * 10 + (uint64_t)(text[at] - '0');
  return id;
}

static void take_object(struct payment_event *event, const struct event_type *type,
                        const struct object *object) {
  event->user_text = object->metadata.user;
  event->user_id = object->metadata.user == NULL ? 0 : user_id_parse(object->metadata.user);
  event->course_text = object->metadata.course;
  event->course_id = read_course(object->metadata.course);
  event->customer_ref = object->customer;
  if (object->kind == NULL || strcmp(object->kind, type->object) != 0)
    set_aside(event, PAYMENT_UNREADABLE, "Its object is not that of its type.");
  else
    type->take(event, object);
}

/* --- Whoever stands in it, whatever it is about ---------------------------------------------------- */

struct person {
  const char *id;
  const char *kind;
  const char *customer;
  struct metadata metadata;
};
static const struct field person_fields[] = {
    FIELD_TEXT(struct person, "id", id, .flags = FIELD_NULLABLE, .maximum = PAYMENT_REF_MAX, .summary = "id"),
    FIELD_TEXT(struct person, "object", kind, .flags = FIELD_NULLABLE, .maximum = PAYMENT_REF_MAX,
               .summary = "object"),
    FIELD_TEXT(struct person, "customer", customer, .flags = FIELD_NULLABLE, .maximum = PAYMENT_REF_MAX,
               .summary = "customer"),
    FIELD_OBJECT(struct person, "metadata", metadata, .object = &metadata_schema, .flags = FIELD_NULLABLE,
                 .summary = "metadata"),
};
static const struct schema person_schema =
    SCHEMA("StripePerson", struct person, person_fields, .summary = "Who stands in an object.");

/* Of what Lockstep does not understand, and keeps all the same: an erasure has to find it. Where it is not
 * in the shape of the provider's objects, nobody is found. */
static void take_person(struct payment_event *event, const char *object, struct arena *arena) {
  struct error ignored = ERROR_INIT;
  struct person person;
  if (!schema_decode_json(&person_schema, object, strlen(object), UNKNOWN_IGNORED, arena, &person, &ignored))
    return;
  bool is_customer = person.kind != NULL && strcmp(person.kind, "customer") == 0;
  event->user_id = person.metadata.user == NULL ? 0 : user_id_parse(person.metadata.user);
  event->customer_ref = is_customer ? person.id : person.customer;
}

bool payment_event_read(const char *payload, size_t payload_bytes, struct arena *arena, struct error *error,
                        struct payment_event *ret_event) {
  struct envelope envelope;
  struct object object;
  struct error complaint = ERROR_INIT;
  if (!schema_decode_json(&envelope_schema, payload, payload_bytes, UNKNOWN_IGNORED, arena, &envelope, error))
    return false;
  struct payment_event event = {.id = envelope.id,
                                .type = envelope.type,
                                .created_ms = envelope.created_s * MS_PER_S,
                                .payload = payload};
  const struct event_type *type = find_type(event.type);
  if (type == NULL) {
    set_aside(&event, PAYMENT_IGNORED, NULL);
    take_person(&event, envelope.data.object, arena);
  } else if (schema_decode_json(&object_schema, envelope.data.object, strlen(envelope.data.object),
                                UNKNOWN_IGNORED, arena, &object, &complaint)) {
    take_object(&event, type, &object);
  } else if (complaint.code == ERROR_TOO_LARGE) {
    *error = complaint;
    return false;
  } else {
    const char *why = complaint.field_count == 0 ? arena_strdup(arena, complaint.message)
                                                 : arena_printf(arena, "%s %s", complaint.fields[0].field,
                                                                complaint.fields[0].message);
    if (why == NULL) return error_set_memory(error);
    set_aside(&event, PAYMENT_UNREADABLE, why);
    take_person(&event, envelope.data.object, arena);
  }
  *ret_event = event;
  return true;
}
