"""What the learner's pages go on with: the session of practice that was left, and who is signed in."""

from practice import QUESTIONS, Practice


def test_a_session_goes_on_while_its_last_answer_is_on_its_way_to_the_disk(visit, new_learner):
    practice = Practice(visit("learner.html#/practice", new_learner().token, disk_ms=500).visitor, [])
    practice.start("Plus and minus")
    practice.answer(2)
    practice.look_elsewhere()
    practice.resumed_at(3)
    practice.answer(1)
    practice.drained()


def test_a_session_that_ends_on_the_disk_later_is_not_taken_up_again(visit, new_learner):
    practice = Practice(visit("learner.html#/practice", new_learner().token, disk_ms=500).visitor, [])
    practice.start("Plus and minus")
    practice.answer(QUESTIONS)
    practice.look_elsewhere()
    practice.tab.until_shows("What would you like to practise?")


def test_what_another_tab_sent_is_known_as_saved(visit, new_learner):
    practice = Practice(visit("learner.html#/practice", new_learner().token).visitor, [])
    visitor = practice.tab.visitor
    other = visitor.open("learner.html#/dashboard")
    other.until_shows("Recent sessions")
    practice.start("Plus and minus")
    visitor.offline()
    practice.answer(2)
    practice.waits(2, "You are offline.")
    practice.tab.close()
    visitor.offline(False)
    other.until("() => !document.querySelector('.banner')", timeout_s=60)
    visitor.offline()
    practice.tab = other
    other.go("#/practice")
    practice.resumed_at(3)
    practice.answer(1)
    other.css('[data-waiting="1"]').wait()  # of the three
    visitor.offline(False)
    practice.drained()


def test_a_guest_whose_browser_dies_at_once_is_still_a_guest(own_browser):
    browser = own_browser()
    tab = browser.owner().open("learner.html#/practice")
    tab.button("Try it as a guest").click()
    tab.until_shows("What would you like to practise?")
    browser.kill()
    own_browser().owner().open("learner.html#/practice").until_shows("What would you like to practise?")


def test_who_signs_in_or_out_before_the_browser_dies_has_done_so(own_browser, new_learner):
    browser = own_browser()
    tab = browser.owner().open("learner.html#/practice")
    tab.label("Or sign in with a token").fill(new_learner().token)
    tab.button("Sign in", exact=True).click()
    tab.until_shows("What would you like to practise?")
    browser.kill()
    browser = own_browser()
    tab = browser.owner().open("learner.html#/practice")
    tab.until_shows("What would you like to practise?")
    tab.button("Sign out").click()
    tab.button("Try it as a guest").wait()
    browser.kill()
    own_browser().owner().open("learner.html#/practice").button("Try it as a guest").wait()
