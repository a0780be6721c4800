#include "session/session_api.h"

#include "base/banned.h"

const struct endpoint_table session_endpoints = {.rows = NULL, .count = 0};
