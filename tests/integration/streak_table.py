"""Streaks worked out by hand: what was answered, on which days of the learner that was, and what follows.

Every line reads

    zone | what happens, in this order | the learner's days afterwards | run that ends on the last | longest run

Moments are UTC. `moment=day` says on which day the client's calendar was (practicedOn); a `!` before it: this one is
refused. `zone:Name` moves the learner, `reset` starts over. Days without a year are of 2024, which has a leap day;
clocks change in 2024 where the heading says so. Nothing here was computed: offsets and days stand behind each line.
"""

TABLE = """
# The learner's day is the server's.
UTC | 03-05T12:00 | 03-05 | 1 | 1
UTC | 03-05T00:00 03-05T23:59:59.999 | 03-05 | 1 | 1                        # both ends of one day
UTC | 03-05T23:59:59.999 03-06T00:00 | 03-05 03-06 | 2 | 2                  # a millisecond apart
UTC | 04-29T12:00 04-30T12:00 05-01T12:00 | 04-29 04-30 05-01 | 3 | 3       # a month of thirty days
UTC | 2023-12-31T12:00 01-01T12:00 | 2023-12-31 01-01 | 2 | 2               # a year
UTC | 03-05T12:00 03-07T12:00 | 03-05 03-07 | 1 | 1                         # a gap of one day
UTC | 03-01T12:00 03-02T12:00 03-03T12:00 03-05T12:00 | 03-01 03-02 03-03 03-05 | 1 | 3
UTC | 03-01T12:00 03-02T12:00 03-04T12:00 03-05T12:00 03-06T12:00 | 03-01 03-02 03-04 03-05 03-06 | 3 | 3
UTC | 03-01T12:00 03-02T12:00 03-04T12:00 03-05T12:00 | 03-01 03-02 03-04 03-05 | 2 | 2
# The leap day.
UTC | 02-28T12:00 02-29T12:00 03-01T12:00 | 02-28 02-29 03-01 | 3 | 3
UTC | 02-28T12:00 03-01T12:00 | 02-28 03-01 | 1 | 1                         # it was missed
UTC | 02-29T23:59:59.999 03-01T00:00 | 02-29 03-01 | 2 | 2
UTC | 2023-02-28T12:00 2023-03-01T12:00 | 2023-02-28 2023-03-01 | 2 | 2     # a year without one
UTC | 02-27T12:00 02-29T12:00 | 02-27 02-29 | 1 | 1
# What was held back offline arrives in any order.
UTC | 03-06T12:00 03-05T12:00 | 03-05 03-06 | 2 | 2
UTC | 03-05T12:00 03-07T12:00 03-06T12:00 | 03-05 03-06 03-07 | 3 | 3       # the day that joins two runs
UTC | 03-01T12:00 03-02T12:00 03-04T12:00 03-05T12:00 03-03T12:00 | 03-01 03-02 03-03 03-04 03-05 | 5 | 5
UTC | 03-05T12:00 03-04T12:00 03-03T12:00 03-02T12:00 | 03-02 03-03 03-04 03-05 | 4 | 4
UTC | 03-03T12:00 03-01T12:00 03-05T12:00 03-02T12:00 03-04T12:00 | 03-01 03-02 03-03 03-04 03-05 | 5 | 5
UTC | 03-20T12:00 03-21T12:00 03-01T12:00 03-02T12:00 03-03T12:00 | 03-01 03-02 03-03 03-20 03-21 | 2 | 3
UTC | 03-10T12:00 03-08T12:00 | 03-08 03-10 | 1 | 1                         # it joins nothing
UTC | 03-10T12:00 03-11T12:00 03-10T13:00 | 03-10 03-11 | 2 | 2             # a day that counts already
UTC | 03-01T12:00 03-03T12:00 03-10T12:00 03-02T12:00 | 03-01 03-02 03-03 03-10 | 1 | 3   # it joins older ones
UTC | 03-01T12:00 03-02T12:00 03-05T12:00 03-04T12:00 | 03-01 03-02 03-04 03-05 | 2 | 2   # 03-03 is missing still
# Line Islands, +14: midnight is 10:00 the day before.
Pacific/Kiritimati | 03-05T09:59:59.999 | 03-05 | 1 | 1
Pacific/Kiritimati | 03-05T10:00 | 03-06 | 1 | 1
Pacific/Kiritimati | 03-05T09:59 03-05T10:00 | 03-05 03-06 | 2 | 2
Pacific/Kiritimati | 03-05T10:00 03-06T09:59 | 03-06 | 1 | 1                # nearly a day apart, one day
Pacific/Kiritimati | 03-05T12:00 03-06T12:00 03-07T09:00 | 03-06 03-07 | 2 | 2
Pacific/Kiritimati | 02-28T09:00 02-28T10:00 02-29T10:00 | 02-28 02-29 03-01 | 3 | 3
Pacific/Kiritimati | 2023-12-31T09:59 2023-12-31T10:00 | 2023-12-31 01-01 | 2 | 2
# The other side of the date line, -12: midnight is 12:00.
Etc/GMT+12 | 03-05T11:59:59.999 03-05T12:00 | 03-04 03-05 | 2 | 2
Etc/GMT+12 | 03-05T12:00 03-06T11:59 | 03-05 | 1 | 1
Etc/GMT+12 | 02-29T11:59 03-01T11:59 03-01T12:00 | 02-28 02-29 03-01 | 3 | 3
Etc/GMT+12 | 01-01T11:59 01-01T12:00 | 2023-12-31 01-01 | 2 | 2
Pacific/Pago_Pago | 03-05T10:59 03-06T11:00 | 03-04 03-06 | 1 | 1           # -11: midnight is 11:00
Pacific/Apia | 03-05T10:59 03-05T11:00 | 03-05 03-06 | 2 | 2                # +13, across the line from Pago Pago
Pacific/Honolulu | 03-05T09:59 03-06T10:00 | 03-04 03-06 | 1 | 1            # -10: midnight is 10:00
Asia/Tokyo | 03-05T14:59 03-05T15:00 | 03-05 03-06 | 2 | 2                  # +9
# Zones that are not whole hours away.
Asia/Kathmandu | 03-05T18:14 03-05T18:15 | 03-05 03-06 | 2 | 2              # +5:45
Asia/Kolkata | 03-05T18:29 03-05T18:30 | 03-05 03-06 | 2 | 2                # +5:30
America/St_Johns | 03-05T03:29 03-05T03:30 | 03-04 03-05 | 2 | 2            # -3:30 in winter
America/St_Johns | 07-05T02:29 07-05T02:30 | 07-04 07-05 | 2 | 2            # -2:30 in summer
Pacific/Chatham | 02-05T10:14 02-05T10:15 | 02-05 02-06 | 2 | 2             # +13:45 in summer
Australia/Lord_Howe | 07-05T13:29 07-05T13:30 | 07-05 07-06 | 2 | 2         # +10:30 in winter
Australia/Lord_Howe | 01-05T12:59 01-05T13:00 | 01-05 01-06 | 2 | 2         # +11 in summer
# Clocks go forward: a day of 23 hours.
Europe/Berlin | 03-30T22:59 03-31T21:59 03-31T22:00 | 03-30 03-31 04-01 | 3 | 3    # 03-31 is 23:00 to 22:00
Europe/Berlin | 03-30T12:00 03-31T22:30 | 03-30 04-01 | 1 | 1                      # 00:30, in winter time 23:30
America/New_York | 03-10T04:59 03-11T03:59 03-11T04:00 | 03-09 03-10 03-11 | 3 | 3 # 03-10 is 05:00 to 04:00
America/Santiago | 09-08T03:59 09-08T04:00 09-09T02:59 09-09T03:00 | 09-07 09-08 09-09 | 3 | 3  # no midnight: 01:00
Australia/Sydney | 10-05T13:59 10-06T12:59 10-06T13:00 | 10-05 10-06 10-07 | 3 | 3 # 10-06 is 14:00 to 13:00
Pacific/Auckland | 09-28T11:59 09-29T10:59 09-29T11:00 | 09-28 09-29 09-30 | 3 | 3 # 09-29 is 12:00 to 11:00
# Clocks go back: a day of 25 hours, and an hour that comes twice.
Europe/Berlin | 10-26T21:59 10-27T22:59 10-27T23:00 | 10-26 10-27 10-28 | 3 | 3    # 10-27 is 22:00 to 23:00
Europe/Berlin | 10-27T00:30 10-27T01:30 | 10-27 | 1 | 1                            # 02:30 and 02:30
America/New_York | 11-03T03:59 11-04T04:59 11-04T05:00 | 11-02 11-03 11-04 | 3 | 3 # 11-03 is 04:00 to 05:00
America/Los_Angeles | 11-03T06:59 11-04T07:59 11-04T08:00 | 11-02 11-03 11-04 | 3 | 3
America/Santiago | 04-07T02:59 04-07T03:30 04-07T04:00 | 04-06 04-07 | 2 | 2       # 23:59, 23:30 again, 00:00
Australia/Sydney | 04-06T12:59 04-07T13:59 04-07T14:00 | 04-06 04-07 04-08 | 3 | 3 # 04-07 is 13:00 to 14:00
Australia/Lord_Howe | 04-06T12:59 04-07T13:29 04-07T13:30 | 04-06 04-07 04-08 | 3 | 3  # back by half an hour
# The client says on which day it was: within a day of the server's date there.
UTC | 03-05T00:30=03-04 | 03-04 | 1 | 1
UTC | 03-05T12:00=03-06 03-05T12:01=03-05 | 03-05 03-06 | 2 | 2
UTC | 03-01T00:10=02-29 02-28T12:00 | 02-28 02-29 | 2 | 2
UTC | !03-05T12:00=03-07 !03-05T12:00=03-03 03-05T12:00 | 03-05 | 1 | 1
UTC | !03-01T12:00=02-28 03-01T12:00=02-29 | 02-29 | 1 | 1                          # two days in a leap year
Pacific/Kiritimati | 03-05T12:00=03-05 03-05T12:00=03-07 !03-05T12:00=03-04 | 03-05 03-07 | 1 | 1   # there it is 03-06
Etc/GMT+12 | 03-05T11:00=03-03 03-05T11:00=03-05 !03-05T11:00=03-06 | 03-03 03-05 | 1 | 1           # there it is 03-04
# Starting over.
UTC | 03-01T12:00 03-02T12:00 reset | | 0 | 0
UTC | 03-01T12:00 03-02T12:00 03-03T12:00 reset 03-04T12:00 | 03-04 | 1 | 1         # nothing to go on from
UTC | 03-01T12:00 03-02T12:00 reset 03-02T12:00 03-01T12:00 | 03-01 03-02 | 2 | 2
# Somebody moves: the days that were counted stay as they were.
UTC | 03-05T20:00 zone:Pacific/Kiritimati 03-05T21:00 | 03-05 03-06 | 2 | 2
Pacific/Kiritimati | 03-05T12:00 zone:Etc/GMT+12 03-05T12:00 | 03-05 03-06 | 2 | 2  # the same moment, a day before
Asia/Tokyo | 03-05T14:00 03-05T16:00 zone:America/Los_Angeles | 03-05 03-06 | 2 | 2
Europe/Berlin | 03-05T22:30 zone:America/New_York 03-06T06:00 zone:Europe/Berlin 03-06T23:30 | 03-05 03-06 03-07 | 3 | 3
# Nothing at all.
UTC | | | 0 | 0
"""

# What a learner sees today, by how many days ago it was practised: current run, longest, whether today counts.
TODAY = [
    ((), 0, 0, False),
    ((0,), 1, 1, True),
    ((1,), 1, 1, False),           # today without practice breaks nothing
    ((2,), 0, 1, False),           # yesterday without practice does
    ((1, 0), 2, 2, True),
    ((2, 1), 2, 2, False),
    ((3, 2), 0, 2, False),
    ((2, 0), 1, 1, True),
    ((4, 3, 2, 1), 4, 4, False),
    ((5, 4, 3, 1), 1, 3, False),
    ((0, 2, 1), 3, 3, True),       # the middle arrives last
    ((9, 8, 7, 6, 1, 0), 2, 4, True),
]
