#include "learner/answer.h"

#include "base/banned.h"

static const struct field body_fields[] = {
    FIELD_TEXT(struct answer_body, "answerId", answer_id, .minimum = 1, .maximum = 64,
               .summary =
                   "The client's own id of this answer: a repeat with the same id gets the first reply.",
               .example = "\"3f1c9a52-1\""),
    FIELD_TEXT(struct answer_body, "exerciseId", exercise_id, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = ANSWER_EXERCISE_CHARACTERS, .summary = "The exercise that was answered.",
               .example = "\"fractions-12\""),
    FIELD_TEXT(struct answer_body, "module", module, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = ANSWER_MODULE_CHARACTERS,
               .summary = "The module that is credited; a known exercise brings its own.",
               .example = "\"math\""),
    FIELD_TEXT(struct answer_body, "userAnswer", user_answer, .maximum = ANSWER_TEXT_CHARACTERS,
               .flags = FIELD_NULLABLE,
               .summary = "What the learner answered; graded where the exercise is known.",
               .example = "\"3/4\""),
    FIELD_BOOL(struct answer_body, "isCorrect", is_correct,
               .presence = PRESENCE(struct answer_body, is_correct_given),
               .summary = "The client's verdict, where the exercise is not known here."),
    FIELD_UINT(struct answer_body, "tokens", tokens, .presence = PRESENCE(struct answer_body, tokens_given),
               .maximum = 1000000000,
               .summary = "Tokens earned, where the exercise is not known here; at most answers.max_tokens."),
    FIELD_TIME(struct answer_body, "answeredAt", answered_at_ms,
               .presence = PRESENCE(struct answer_body, answered_at_given),
               .summary = "When it was answered; now, when not sent. At most offline.max_age_days old."),
    FIELD_DAY(struct answer_body, "practicedOn", practiced_on,
              .presence = PRESENCE(struct answer_body, practiced_on_given),
              .summary = "The learner's calendar day it counts for; within a day of answeredAt there."),
    FIELD_UINT(struct answer_body, "practiceSessionId", practice_session_id,
               .presence = PRESENCE(struct answer_body, practice_session_given), .minimum = 1,
               .maximum = INT64_MAX,
               .summary = "The practice session it belongs to; passed over where the learner has none such."),
};
const struct schema answer_body_schema =
    SCHEMA("AnswerBody", struct answer_body, body_fields, .summary = "An answer, as the client sends it.");

static const struct field streak_fields[] = {
    FIELD_INT(struct streak_reply, "current", current, .flags = FIELD_REQUIRED,
              .summary = "Days in a row up to today or yesterday."),
    FIELD_INT(struct streak_reply, "longest", longest, .flags = FIELD_REQUIRED,
              .summary = "The longest run ever."),
    FIELD_DAY(struct streak_reply, "lastPracticeDate", last_practice_date,
              .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct streak_reply, last_practice_date_given),
              .summary = "The last day practised, on the learner's calendar."),
    FIELD_BOOL(struct streak_reply, "practicedToday", practiced_today, .flags = FIELD_REQUIRED,
               .summary = "Whether today counts already."),
};
const struct schema streak_reply_schema = SCHEMA("Streak", struct streak_reply, streak_fields,
                                                 .summary = "Days in a row on which the learner practised.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct answer_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_BOOL(struct answer_reply, "isCorrect", is_correct, .flags = FIELD_REQUIRED,
               .summary = "The grade."),
    FIELD_INT(struct answer_reply, "tokensEarned", tokens_earned, .flags = FIELD_REQUIRED,
              .summary = "What this answer earned."),
    FIELD_INT(struct answer_reply, "tokens", tokens, .flags = FIELD_REQUIRED,
              .summary = "The learner's total now."),
    FIELD_INT(struct answer_reply, "questionsAnswered", questions_answered, .flags = FIELD_REQUIRED,
              .summary = "Questions answered in all."),
    FIELD_INT(struct answer_reply, "correctAnswers", correct_answers, .flags = FIELD_REQUIRED,
              .summary = "Of them, correctly."),
    FIELD_TEXT(struct answer_reply, "module", module, .flags = FIELD_REQUIRED,
               .summary = "The module that was credited."),
    FIELD_OBJECT(struct answer_reply, "streak", streak, .object = &streak_reply_schema,
                 .flags = FIELD_REQUIRED, .summary = "The learner's streak after this answer."),
    FIELD_UINT(struct answer_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision that this answer made."),
};
const struct schema answer_reply_schema =
    SCHEMA("AnswerReply", struct answer_reply, reply_fields, .summary = "Where the answer left the learner.");
