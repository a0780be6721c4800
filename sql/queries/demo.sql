-- Learners to try things out with (lockstepctl demo). They are told by their subject, demo|NUMBER, and
-- made a thousand at a time by statements that follow one another in one transaction: learners, their
-- answers, and every total derived from the answers. What looks random is CRC32 over the seed and the
-- learner's number, so that a seed makes the same learners again.

-- name: demo_census :one
-- column learners u64
-- column last_subject text null
-- column others u64
-- scan: an administrator's command, before it begins
-- Demo learners, the last of them, and whether there is anybody else (0 or 1).
SELECT (SELECT COUNT(*) FROM users AS d WHERE d.subject BETWEEN 'demo|00000001' AND 'demo|99999999') AS learners,
       (SELECT MAX(m.subject) FROM users AS m WHERE m.subject BETWEEN 'demo|00000000' AND 'demo|99999999')
         AS last_subject,
       EXISTS (SELECT 1 FROM users AS o WHERE o.subject IS NULL OR o.subject NOT LIKE 'demo|%') AS others;

-- name: demo_add_modules :exec
-- What a site has made of them stays.
INSERT INTO modules (module_key, label, goal_tokens, position)
VALUES ('mathematics', 'Mathematics', 1000, 1),
       ('reading', 'Reading', 800, 2),
       ('science', 'Science', 800, 3),
       ('geography', 'Geography', 500, 4),
       ('history', 'History', 500, 5),
       ('languages', 'Languages', 600, 6)
    ON DUPLICATE KEY UPDATE module_key = VALUES(module_key);

-- name: demo_add_exercises :exec
INSERT INTO exercises (exercise_id, module, answer_key, tokens)
VALUES ('mathematics-7-times-8', 'mathematics', '56', 5),
       ('mathematics-root-of-144', 'mathematics', '12', 5),
       ('mathematics-15-percent-of-60', 'mathematics', '9', 10),
       ('mathematics-prime-after-23', 'mathematics', '29', 10),
       ('mathematics-half-of-98', 'mathematics', '49', 5),
       ('reading-plural-of-child', 'reading', 'children', 5),
       ('reading-past-of-go', 'reading', 'went', 5),
       ('reading-opposite-of-ancient', 'reading', 'modern', 5),
       ('reading-opposite-of-scarce', 'reading', 'plentiful', 10),
       ('reading-synonym-of-rapid', 'reading', 'fast', 5),
       ('science-symbol-of-gold', 'science', 'Au', 10),
       ('science-planets-of-the-sun', 'science', '8', 5),
       ('science-water-boils-at-celsius', 'science', '100', 5),
       ('science-gas-that-plants-take-in', 'science', 'carbon dioxide', 10),
       ('science-bones-of-an-adult', 'science', '206', 15),
       ('geography-capital-of-france', 'geography', 'Paris', 5),
       ('geography-capital-of-japan', 'geography', 'Tokyo', 5),
       ('geography-capital-of-kenya', 'geography', 'Nairobi', 10),
       ('geography-largest-ocean', 'geography', 'Pacific', 5),
       ('geography-longest-river-of-europe', 'geography', 'Volga', 15),
       ('history-first-moon-landing', 'history', '1969', 5),
       ('history-fall-of-the-berlin-wall', 'history', '1989', 5),
       ('history-columbus-sails', 'history', '1492', 10),
       ('history-magna-carta', 'history', '1215', 15),
       ('history-french-revolution', 'history', '1789', 10),
       ('languages-spanish-for-water', 'languages', 'agua', 5),
       ('languages-german-for-house', 'languages', 'Haus', 5),
       ('languages-french-for-bread', 'languages', 'pain', 5),
       ('languages-italian-for-friend', 'languages', 'amico', 10),
       ('languages-latin-for-light', 'languages', 'lux', 10)
    ON DUPLICATE KEY UPDATE exercise_id = VALUES(exercise_id);

-- name: demo_add_courses :exec
-- scan: an administrator's command
-- To enroll in, to ask for, to pay for, and one that is not open yet; none where the site has courses.
INSERT INTO courses (title, description, status, is_public, price_cents, currency)
SELECT d.title, d.description, d.status, d.is_public, d.price_cents, 'eur'
  FROM (SELECT 1 AS place, 'Fractions from the beginning' AS title, 'Halves, thirds, and what to do with them.' AS description,
               'published' AS status, TRUE AS is_public, 0 AS price_cents
        UNION ALL SELECT 2, 'The night sky', 'What can be seen without a telescope.', 'Active', TRUE, 0
        UNION ALL SELECT 3, 'Algebra, step by step', 'On request.', 'Published', FALSE, 0
        UNION ALL SELECT 4, 'Latin for the curious', 'With recordings.', 'published', TRUE, 2900
        UNION ALL SELECT 5, 'Reading maps', 'Still being written.', 'draft', FALSE, 0) AS d
 WHERE NOT EXISTS (SELECT 1 FROM courses AS c)
 ORDER BY d.place;

-- name: demo_add_chapters :exec
-- scan: an administrator's command
-- Four each; none where there are any.
INSERT INTO chapters (course_id, position, title)
SELECT c.id, p.position, CONCAT('Chapter ', p.position)
  FROM courses AS c
  JOIN (SELECT 1 AS position UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS p
 WHERE c.title IN ('Fractions from the beginning', 'The night sky', 'Algebra, step by step', 'Latin for the curious')
   AND NOT EXISTS (SELECT 1 FROM chapters AS h)
 ORDER BY c.id, p.position;

-- name: demo_add_admin :exec
INSERT INTO users (subject, username, display_name, role)
VALUES ('demo|admin', 'admin', 'Alex Admin', 'admin')
    ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id);

-- name: demo_add_learners :exec
-- param first_number u64
-- param learners u64 -- at most 1,024
-- param seed u64
-- param today day
-- scan: the numbers are made up on the spot
-- Number 0 is the student.
INSERT INTO users (subject, username, display_name, time_zone, created_at)
WITH RECURSIVE digit AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM digit WHERE n < 31)
SELECT CONCAT('demo|', LPAD(s.number, 8, '0')),
       CASE s.number WHEN 0 THEN 'student' ELSE CONCAT('learner-', s.number) END,
       CASE s.number WHEN 0 THEN 'Sam Student' ELSE CONCAT(
         ELT(1 + MOD(CRC32(CONCAT(:seed, '/first/', s.number)), 16), 'Ada', 'Ben', 'Chioma', 'Dilara', 'Emil',
             'Fatima', 'Giulia', 'Hiro', 'Ines', 'Jonas', 'Kofi', 'Lena', 'Mateo', 'Noor', 'Olga', 'Priya'), ' ',
         ELT(1 + MOD(CRC32(CONCAT(:seed, '/last/', s.number)), 16), 'Abe', 'Bauer', 'Costa', 'Diallo', 'Eriksen',
             'Fischer', 'Garcia', 'Haddad', 'Ivanova', 'Jensen', 'Kaya', 'Lopez', 'Mensah', 'Novak', 'Okafor',
             'Patel')) END,
       CASE s.number WHEN 0 THEN 'UTC' ELSE
         ELT(1 + MOD(CRC32(CONCAT(:seed, '/zone/', s.number)), 6), 'Europe/Berlin', 'Europe/London',
             'America/New_York', 'America/Los_Angeles', 'Asia/Kolkata', 'Africa/Lagos') END,
       DATE_SUB(:today, INTERVAL 70 + MOD(CRC32(CONCAT(:seed, '/since/', s.number)), 300) DAY)
  FROM (SELECT :first_number + a.n * 32 + b.n AS number FROM digit AS a CROSS JOIN digit AS b
         WHERE a.n * 32 + b.n < :learners) AS s
 ORDER BY s.number;

-- name: demo_add_attempts :exec
-- param first_subject text
-- param last_subject text
-- param seed u64
-- param today day
-- scan: the numbers are made up on the spot, and the exercises are few
-- Up to 16 answers a learner and 60 of the student, the last of them yesterday or earlier: at hours that
-- lie on the same day in every zone of demo_add_learners. The LIMITs cut nothing off: they have each
-- learner and each answer worked out once, which halves the time.
INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer, tokens, practised_on,
                      created_at)
WITH RECURSIVE digit AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM digit WHERE n < 59),
learner AS (
  SELECT u.id, u.subject,
         CASE u.subject WHEN 'demo|00000000' THEN 60
           ELSE (CRC32(CONCAT(:seed, '/new/', u.subject)) > 300000000)
                * (1 + FLOOR(15 * POW(MOD(CRC32(CONCAT(:seed, '/answers/', u.subject)), 1000) / 1000, 3))) END AS answers,
         CASE u.subject WHEN 'demo|00000000' THEN 1
           ELSE 1 + FLOOR(40 * POW(MOD(CRC32(CONCAT(:seed, '/away/', u.subject)), 1000) / 1000, 3)) END AS away_days,
         CASE u.subject WHEN 'demo|00000000' THEN 4
           ELSE 1 + MOD(CRC32(CONCAT(:seed, '/pace/', u.subject)), 3) END AS answers_a_day,
         CASE u.subject WHEN 'demo|00000000' THEN 20 ELSE 8 END AS pause_after,
         50 + MOD(CRC32(CONCAT(:seed, '/skill/', u.subject)), 46) AS skill,
         MOD(CRC32(CONCAT(:seed, '/taste/', u.subject)), 30) AS taste
    FROM users AS u
   WHERE u.subject BETWEEN :first_subject AND :last_subject
   LIMIT 10000),
answer AS (
  SELECT l.id, MOD(l.taste + MOD(CRC32(CONCAT(:seed, d.n, '/which/', l.subject)), 14), 30) AS place,
         MOD(CRC32(CONCAT(:seed, d.n, '/right/', l.subject)), 100) < l.skill AS is_correct,
         DATE_SUB(:today, INTERVAL l.away_days + d.n DIV l.answers_a_day + 3 * (d.n >= l.pause_after) DAY) AS day,
         32400 + MOD(d.n, l.answers_a_day) * 3000 + MOD(CRC32(CONCAT(:seed, d.n, '/when/', l.subject)), 2400) AS second
    FROM learner AS l JOIN digit AS d ON d.n < l.answers
   LIMIT 1000000)
SELECT a.id, 1, x.exercise_id, x.module, a.is_correct, CASE WHEN a.is_correct THEN x.answer_key ELSE '?' END,
       CASE WHEN a.is_correct THEN x.tokens ELSE 0 END, a.day, DATE_ADD(a.day, INTERVAL a.second SECOND)
  FROM answer AS a
  JOIN (SELECT e.exercise_id, e.module, e.answer_key, e.tokens,
               ROW_NUMBER() OVER (ORDER BY e.module, e.exercise_id) - 1 AS place
          FROM exercises AS e) AS x ON x.place = a.place;

-- name: demo_add_daily_totals :exec
-- param first_subject text
-- param last_subject text
INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)
SELECT a.user_id, a.practised_on, a.module, COUNT(*), SUM(a.is_correct), SUM(a.tokens)
  FROM users AS u JOIN attempts AS a ON a.user_id = u.id
 WHERE u.subject BETWEEN :first_subject AND :last_subject
 GROUP BY a.user_id, a.practised_on, a.module;

-- name: demo_add_practice_days :exec
-- param first_subject text
-- param last_subject text
INSERT INTO practice_days (user_id, day, activity, count)
SELECT d.user_id, d.day, 'answer', SUM(d.questions)
  FROM users AS u JOIN daily_totals AS d ON d.user_id = u.id
 WHERE u.subject BETWEEN :first_subject AND :last_subject
 GROUP BY d.user_id, d.day;

-- name: demo_set_totals :exec
-- param first_subject text
-- param last_subject text
-- Columns, modules and global_stats, all from the same sums.
INSERT INTO users (id, revision, tokens, questions_answered, correct_answers, hidden_grade_asset)
SELECT m.user_id, 1, SUM(m.tokens), SUM(m.questions), SUM(m.correct), JSON_OBJECT(
         'global_stats', JSON_OBJECT(
           'total_tokens_earned', CAST(SUM(m.tokens) AS SIGNED), 'total_questions_answered',
           CAST(SUM(m.questions) AS SIGNED), 'total_correct_answers', CAST(SUM(m.correct) AS SIGNED),
           'last_updated', CONCAT(MAX(m.last_day), 'T15:00:00.000Z')),
         'modules', JSON_OBJECTAGG(m.module, JSON_OBJECT('progress', JSON_OBJECT(
           'tokens_earned', m.tokens, 'total_questions_answered', m.questions, 'correct_answers', m.correct))))
  FROM (SELECT d.user_id, d.module, CAST(SUM(d.tokens) AS SIGNED) AS tokens,
               CAST(SUM(d.questions) AS SIGNED) AS questions, CAST(SUM(d.correct) AS SIGNED) AS correct,
               MAX(d.day) AS last_day
          FROM users AS o JOIN daily_totals AS d ON d.user_id = o.id
         WHERE o.subject BETWEEN :first_subject AND :last_subject
         GROUP BY d.user_id, d.module) AS m
 GROUP BY m.user_id
    ON DUPLICATE KEY UPDATE revision = VALUES(revision), tokens = VALUES(tokens),
       questions_answered = VALUES(questions_answered), correct_answers = VALUES(correct_answers),
       hidden_grade_asset = VALUES(hidden_grade_asset);

-- name: demo_add_ledger :exec
-- param first_subject text
-- param last_subject text
-- param now time
-- One entry that the history of each begins with, and that adds up to the totals.
INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)
SELECT u.id, u.revision, 'demo', UNHEX(SHA2('demo', 256)), 'lockstepctl', 'demo',
       CONCAT('[{"what":"tokens","by":', u.tokens, ',"because":"demo data"},{"what":"questions","by":',
              u.questions_answered, ',"because":"demo data"},{"what":"correct","by":', u.correct_answers,
              ',"because":"demo data"}]'), :now
  FROM users AS u
 WHERE u.subject BETWEEN :first_subject AND :last_subject AND u.revision = 1;

-- name: demo_add_profiles :exec
-- param first_subject text
-- param last_subject text
-- Streaks as src/learner/streak.h counts them: days in a row share day minus rank.
INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date)
SELECT u.id, COALESCE(MAX(CASE WHEN r.last_day = r.last_of_all THEN r.days END), 0), COALESCE(MAX(r.days), 0),
       MAX(r.last_day)
  FROM users AS u
  LEFT JOIN (SELECT i.user_id, COUNT(*) AS days, MAX(i.day) AS last_day,
                    MAX(MAX(i.day)) OVER (PARTITION BY i.user_id) AS last_of_all
               FROM (SELECT p.user_id, p.day, DATEDIFF(p.day, '1970-01-01')
                              - ROW_NUMBER() OVER (PARTITION BY p.user_id ORDER BY p.day) AS island
                       FROM users AS o JOIN practice_days AS p ON p.user_id = o.id
                      WHERE o.subject BETWEEN :first_subject AND :last_subject) AS i
              GROUP BY i.user_id, i.island) AS r ON r.user_id = u.id
 WHERE u.subject BETWEEN :first_subject AND :last_subject
 GROUP BY u.id;

-- name: demo_add_todos :exec
-- param today day
-- scan: the rows are made up on the spot
-- What the student means to do: one is overdue, two are for today.
INSERT INTO todos (user_id, id, title, status, due_at, completed_at)
SELECT u.id, d.id, d.title, CASE WHEN d.completed_hours IS NULL THEN 'pending' ELSE 'completed' END,
       DATE_ADD(:today, INTERVAL d.due_hours HOUR), DATE_ADD(:today, INTERVAL d.completed_hours HOUR)
  FROM users AS u
  JOIN (SELECT 'halves-and-thirds' AS id, 'Watch the film on halves and thirds' AS title, 17 AS due_hours,
               NULL AS completed_hours
        UNION ALL SELECT 'latin-words', 'Learn ten words of Latin', 20, NULL
        UNION ALL SELECT 'winter-sky', 'Watch both films on the winter sky', 44, NULL
        UNION ALL SELECT 'way-to-school', 'Draw a map of the way to school', 88, NULL
        UNION ALL SELECT 'library-books', 'Take the books back to the library', -8, NULL
        UNION ALL SELECT 'telescope', 'Ask whether the school has a telescope', NULL, NULL
        UNION ALL SELECT 'what-a-fraction-is', 'Watch the film on what a fraction is', -32, -31) AS d
 WHERE u.subject = 'demo|00000000';

-- name: demo_add_todo_videos :exec
-- scan: the rows are made up on the spot
INSERT INTO todo_videos (user_id, todo_id, video_id)
SELECT u.id, d.todo_id, d.video_id
  FROM users AS u
  JOIN (SELECT 'halves-and-thirds' AS todo_id, 'film-halves-and-thirds' AS video_id
        UNION ALL SELECT 'winter-sky', 'film-orion'
        UNION ALL SELECT 'winter-sky', 'film-pole-star'
        UNION ALL SELECT 'what-a-fraction-is', 'film-what-a-fraction-is') AS d
 WHERE u.subject = 'demo|00000000';

-- name: demo_add_schedule :exec
-- param today day
-- scan: the rows are made up on the spot
INSERT INTO schedule_entries (user_id, id, title, starts_at, ends_at, video_id, todo_id, status, actual_end)
SELECT u.id, d.id, d.title, DATE_ADD(:today, INTERVAL d.hour HOUR),
       DATE_ADD(:today, INTERVAL d.hour * 60 + d.minutes MINUTE), d.video_id, d.todo_id,
       CASE WHEN d.hour < 0 THEN 'completed' ELSE 'planned' END,
       CASE WHEN d.hour < 0 THEN DATE_ADD(:today, INTERVAL d.hour * 60 + d.minutes MINUTE) END
  FROM users AS u
  JOIN (SELECT 'evening-fractions' AS id, 'Fractions: the second film' AS title, 16 AS hour, 30 AS minutes,
               'film-halves-and-thirds' AS video_id, NULL AS todo_id
        UNION ALL SELECT 'evening-latin', 'Ten words of Latin', 19, 20, NULL, 'latin-words'
        UNION ALL SELECT 'tomorrow-sky', 'Look for Orion', 43, 45, 'film-orion', NULL
        UNION ALL SELECT 'later-sky', 'Find the pole star', 67, 30, 'film-pole-star', NULL
        UNION ALL SELECT 'afternoon-map', 'Walk and draw', 87, 60, NULL, 'way-to-school'
        UNION ALL SELECT 'past-fractions', 'Fractions: the first film', -32, 60, 'film-what-a-fraction-is', NULL) AS d
 WHERE u.subject = 'demo|00000000';

-- name: demo_add_videos :exec
-- param today day
-- scan: the rows are made up on the spot
INSERT INTO video_progress (user_id, video_id, percentage_watched, seconds_watched, status, completed_at)
SELECT u.id, d.video_id, d.percentage, d.seconds, CASE d.percentage WHEN 100 THEN 'completed' ELSE 'in_progress' END,
       CASE d.percentage WHEN 100 THEN DATE_SUB(:today, INTERVAL 31 HOUR) END
  FROM users AS u
  JOIN (SELECT 'film-what-a-fraction-is' AS video_id, 100 AS percentage, 720 AS seconds
        UNION ALL SELECT 'film-orion', 40, 216) AS d
 WHERE u.subject = 'demo|00000000';

-- name: demo_add_path :exec
INSERT INTO learning_paths (user_id, id, title)
SELECT u.id, 'fractions', 'Fractions from the beginning' FROM users AS u WHERE u.subject = 'demo|00000000';

-- name: demo_add_path_steps :exec
-- param today day
-- scan: the rows are made up on the spot
INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, title, activity_type, activity_id, skills,
                                 status, completed_at)
SELECT u.id, 'fractions', d.step_id, d.step_index, d.title, d.activity_type, d.activity_id, '["fractions"]',
       CASE d.step_index WHEN 0 THEN 'completed' ELSE 'pending' END,
       CASE d.step_index WHEN 0 THEN DATE_SUB(:today, INTERVAL 31 HOUR) END
  FROM users AS u
  JOIN (SELECT 'first' AS step_id, 0 AS step_index, 'What a fraction is' AS title, 'video' AS activity_type,
               'film-what-a-fraction-is' AS activity_id
        UNION ALL SELECT 'second', 1, 'Halves and thirds', 'video', 'film-halves-and-thirds'
        UNION ALL SELECT 'quiz', 2, 'Quiz: which is more?', 'quiz', 'quiz-which-is-more'
        UNION ALL SELECT 'third', 3, 'Adding fractions', 'video', 'film-adding-fractions'
        UNION ALL SELECT 'exercise', 4, 'Half of everything in the kitchen', 'project', 'project-kitchen') AS d
 WHERE u.subject = 'demo|00000000';

-- name: demo_add_path_progress :exec
INSERT INTO path_progress (user_id, path_id, completed_steps, total_steps, percentage, current_step_id)
SELECT u.id, 'fractions', 1, 5, 20, 'second' FROM users AS u WHERE u.subject = 'demo|00000000';

-- name: demo_student :one
-- column id u64
SELECT u.id FROM users AS u WHERE u.subject = 'demo|00000000';
