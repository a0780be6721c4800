"""The learner's views: what they show, and that it follows what happens elsewhere while they are open."""


def test_the_dashboard_follows_what_is_done_elsewhere(visit, learner):
    tab = visit("learner.html", learner.token).connected()
    tab.until_shows("No session yet.")
    assert learner.api.post("/api/sessions/record", {"threadId": "sums", "stitchId": "sums-1", "totalPoints": 25, "totalQuestions": 10,
                                                     "correctAnswers": 9}).status == 200
    tab.card("Recent sessions").having("sums-1").having("25 points").wait()
    tab.until_shows("1 session")
