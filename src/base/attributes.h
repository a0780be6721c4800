/* Compiler attributes and scoped clean-up, under names that read well. */
#ifndef LOCKSTEP_BASE_ATTRIBUTES_H
#define LOCKSTEP_BASE_ATTRIBUTES_H

#define WARN_UNUSED __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#define NORETURN __attribute__((noreturn))

/* CLEANUP(fn) runs fn(&variable) when the variable leaves its scope. A fn takes a pointer to
 * the variable and accepts that the variable holds NULL. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
