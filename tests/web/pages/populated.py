"""A platform on which every view has something to show, some of it longer than anybody would like."""

import datetime

from harness import jobs
from harness.courses import chapters_of, create_course
from harness.database import execute
from integration.drift import drifted

NOW = datetime.datetime.now(datetime.timezone.utc)
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz, and what of it is of use to everybody who wants to know"


def at(**from_now):
    return (NOW + datetime.timedelta(**from_now)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def ok(reply):
    assert reply.status in (200, 201, 202, 207), (reply, reply.body)
    return reply.json()


def told(learner, number, event_type, source, **data):
    body = {"id": f"told-{learner.id}-{number}", "eventType": event_type, "sourceSystem": source, "eventData": data}
    return ok(learner.api.post("/api/progress-sync/events", body))


def practise(learner):
    for number in range(12):
        ok(learner.answer(module="mathematics" if number % 3 else "languages", correct=number % 4 != 0, tokens=number % 3,
                          exerciseId=f"exercise-{number}"))
    for number in range(3):
        ok(learner.api.post("/api/sessions/record", {
            "threadId": LONG[:60] if number == 0 else "times-tables", "stitchId": f"times-tables-{number}",
            "totalPoints": 25, "totalQuestions": 10, "correctAnswers": 7 + number}))
    ok(learner.api.post("/api/progress/bulk-sync", {"progressItems": [
        {"threadId": "times-tables", "stitchId": "times-tables-1", "orderNumber": 1, "isCompleted": True},
        {"threadId": "times-tables", "orderNumber": -1}]}))


def plan_the_day(learner):
    ok(learner.api.post("/api/todos", {"title": "Watch how fractions are added", "dueAt": at(hours=1), "videoIds": ["fractions-1"]}))
    ok(learner.api.post("/api/todos", {"title": LONG, "dueAt": at(days=-2)}))
    ok(learner.api.post("/api/todos", {"title": "Some day", "videoIds": ["sky-1", "sky-2"]}))
    ok(learner.api.post("/api/schedule", {"title": "Evening with the night sky", "startsAt": at(hours=2), "endsAt": at(hours=3), "videoId": "sky-1"}))
    ok(learner.api.post("/api/schedule", {"title": LONG, "startsAt": at(days=1)}))
    ok(learner.api.post("/api/learning-paths", {"title": "From counting to fractions", "steps": [
        {"title": "Halves", "activityType": "video", "activityId": "fractions-1"},
        {"title": LONG[:90], "activityType": "quiz", "activityId": "which-is-more"}]}))
    ok(learner.api.send("PUT", "/api/videos/fractions-2/progress", json_body={"percentageWatched": 100}))
    ok(learner.api.send("PUT", "/api/videos/sky-1/progress", json_body={"percentageWatched": 40}))


def disagree(learner):
    """The player saw it completed, the journey saw it failed."""
    about = {"activityId": "which-is-more", "activityType": "quiz"}
    told(learner, 1, "video_completed", "video_player", **about, completionStatus="completed", timeSpent=40, videoProgress={
        "videoId": "which-is-more", "youtubeId": "abcdefghijk", "percentageWatched": 100, "completedAt": at(hours=-2)})
    told(learner, 2, "skill_assessed", "ai_journey", **about, completionStatus="failed", timeSpent=10, completedAt=at(hours=-1),
         skillProgress={"skillId": "fractions", "newLevel": "b1"})


def make_courses(db, learner, admin):
    mine = create_course(db, chapters=4, title="Fractions from the beginning", is_public=1, description="Halves and thirds.")
    long = create_course(db, title=LONG, description=LONG * 3)
    create_course(db, chapters=1, title="Latin for the curious", price_cents=2900, currency="eur")
    ok(admin.api.post("/api/enrollment", {"userId": learner.id, "courseId": mine}))
    ok(learner.api.post("/api/student/chapters/complete", {"chapterId": chapters_of(db, mine)[0]}))
    ok(learner.api.post("/api/student/requests", {"courseId": long, "reason": LONG}))
    return mine


def take_payments(db, learner, course_id):
    execute(db, "INSERT INTO payments (provider_ref, user_id, course_id, amount_cents, currency, status)"
            " VALUES (%s, %s, %s, 2900, 'eur', 'paid')", (f"cs_{learner.id}_{'x' * 60}", learner.id, course_id))
    execute(db, "INSERT INTO webhook_events (event_id, type, user_id, payload, created_at, received_at, outcome, error)"
            " VALUES (%s, 'checkout.session.completed', NULL, '{}', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'unknown_course', %s)",
            (f"evt_{learner.id}_{'y' * 40}", LONG))


def populate(db, new_learner):
    """{learner, admin, course, job, plan}: whose views to look at, and what there is to look at in them."""
    learner = new_learner(display_name=f"Ada {LONG[:40]}")
    admin = new_learner(role="admin")
    practise(learner)
    plan_the_day(learner)
    disagree(learner)
    course_id = make_courses(db, learner, admin)
    take_payments(db, learner, course_id)
    for _ in range(3):
        drifted(new_learner)
    validated = jobs.run(db, "validate")
    jobs.run(db, "audit")
    jobs.run(db, "validate")
    jobs.run(db, "refresh_analytics")
    planned = jobs.run(db, "repair_plan")
    return {"learner": learner, "admin": admin, "course": course_id, "job": validated["id"], "plan": planned["subject_id"]}
