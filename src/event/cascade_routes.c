/* The table: what events of each type do to each system. docs/events.md shows the same lines; a test holds
 * the two together. */
#include "event/cascade.h"

#include "base/banned.h"

const struct cascade_route cascade_routes[] = {
    {EVENT_VIDEO_COMPLETED, SYSTEM_VIDEO_PLAYER,
     "raises percentage, seconds and status of the video; never lowers them"},
    {EVENT_VIDEO_COMPLETED, SYSTEM_TODO_MANAGER, "completes open todos all of whose videos are completed"},
    {EVENT_VIDEO_COMPLETED, SYSTEM_CALENDAR,
     "completes open entries of the video, and of todos that it completed"},
    {EVENT_VIDEO_COMPLETED, SYSTEM_AI_JOURNEY, "counts the completed activity"},
    {EVENT_VIDEO_COMPLETED, SYSTEM_PATH_GENERATOR,
     "completes open steps of the video and moves their paths' progress"},
    {EVENT_VIDEO_COMPLETED, SYSTEM_CHAT, "notes what the chat may congratulate on"},

    {EVENT_TODO_COMPLETED, SYSTEM_VIDEO_PLAYER,
     "completes the video, where the todo is about exactly one or the activity is one"},
    {EVENT_TODO_COMPLETED, SYSTEM_TODO_MANAGER, "raises the todo's status; sets rating and notes"},
    {EVENT_TODO_COMPLETED, SYSTEM_CALENDAR,
     "completes open entries of the todo, and of videos that it completed"},
    {EVENT_TODO_COMPLETED, SYSTEM_AI_JOURNEY, "counts the completed activity"},
    {EVENT_TODO_COMPLETED, SYSTEM_PATH_GENERATOR,
     "completes open steps of the activity and moves their paths' progress"},
    {EVENT_TODO_COMPLETED, SYSTEM_CHAT, "notes what the chat may congratulate on"},

    {EVENT_SCHEDULE_COMPLETED, SYSTEM_VIDEO_PLAYER, "completes the video that the entry stands for"},
    {EVENT_SCHEDULE_COMPLETED, SYSTEM_TODO_MANAGER,
     "completes the open todo that the entry stands for, and todos all of whose videos are completed by "
     "that"},
    {EVENT_SCHEDULE_COMPLETED, SYSTEM_CALENDAR,
     "raises the entry's status; sets when it really began and ended"},
    {EVENT_SCHEDULE_COMPLETED, SYSTEM_AI_JOURNEY, "counts the completed activity"},
    {EVENT_SCHEDULE_COMPLETED, SYSTEM_PATH_GENERATOR,
     "completes open steps of the activity and moves their paths' progress"},
    {EVENT_SCHEDULE_COMPLETED, SYSTEM_CHAT, "notes what the chat may congratulate on"},

    {EVENT_MILESTONE_REACHED, SYSTEM_AI_JOURNEY, "counts the completed activity"},
    {EVENT_MILESTONE_REACHED, SYSTEM_PATH_GENERATOR,
     "completes open steps of the milestone and moves their paths' progress"},
    {EVENT_MILESTONE_REACHED, SYSTEM_CHAT, "notes what the chat may congratulate on"},

    {EVENT_SKILL_ASSESSED, SYSTEM_AI_JOURNEY,
     "sets the skill's level, unless a later assessment did; counts the activity and the skills"},
    {EVENT_SKILL_ASSESSED, SYSTEM_PATH_GENERATOR,
     "completes open steps of the activity and moves their paths' progress"},
    {EVENT_SKILL_ASSESSED, SYSTEM_CHAT, "notes what the chat may congratulate on"},

    {EVENT_PATH_PROGRESS_UPDATED, SYSTEM_VIDEO_PLAYER, "completes the video of the step"},
    {EVENT_PATH_PROGRESS_UPDATED, SYSTEM_TODO_MANAGER,
     "completes open todos all of whose videos are completed by that"},
    {EVENT_PATH_PROGRESS_UPDATED, SYSTEM_CALENDAR,
     "completes open entries of the step's video, and of todos that it completed"},
    {EVENT_PATH_PROGRESS_UPDATED, SYSTEM_AI_JOURNEY,
     "moves to the path's next step; adds the skills that the step taught; counts the completed activity"},
    {EVENT_PATH_PROGRESS_UPDATED, SYSTEM_PATH_GENERATOR,
     "raises the step's status and moves the path's progress; completes other open steps of the activity"},
    {EVENT_PATH_PROGRESS_UPDATED, SYSTEM_CHAT, "notes what the chat may congratulate on"},
};
const size_t cascade_route_count = ARRAY_LENGTH(cascade_routes);

const struct cascade_route *cascade_route_of(enum event_type type, enum event_system target) {
  for (size_t at = 0; at < cascade_route_count; at++)
    if (cascade_routes[at].type == type && cascade_routes[at].target == target) return &cascade_routes[at];
  return NULL;
}
