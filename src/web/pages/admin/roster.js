// Enrollments in bulk, through the same calls that enrol one: what a list would do, doing it, and taking one away.

import { nameOf } from '../kit/format.js';

const LEARNERS_MAX = 1000;
const AT_ONCE = 4;
const PAGE = 200;

export const COLUMNS = ['userId', 'displayName', 'courseId', 'courseTitle', 'status', 'progress', 'enrolledAt', 'completedAt'];
const STANDS = new Set(['', 'active', 'completed']);

/** Runs task(item) over all of them, a few at a time; onStep(done, total). */
async function each(items, task, onStep, signal) {
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < items.length) {
      signal?.throwIfAborted();
      const item = items[next++];
      await task(item);
      onStep(++done, items.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function readPages(client, path, rowsOf) {
  const all = [];
  let after;
  do {
    const reply = await client.get(path, { query: { limit: PAGE, after } });
    all.push(...rowsOf(reply));
    after = reply.nextAfter ?? undefined;
  } while (after !== undefined);
  return all;
}

const readStudent = (client, id) => client.get('/api/students/{id}', { path: { id } });

function whyNot(row, courses, students) {
  const { userid: userId = '', courseid: courseId = '', status = '' } = row.values;
  if (!/^[1-9]\d*$/.test(userId)) return 'userId must be a number.';
  if (!/^[1-9]\d*$/.test(courseId)) return 'courseId must be a number.';
  if (!STANDS.has(status.toLowerCase()) && status.toLowerCase() !== 'cancelled') return 'status must be active, completed, cancelled or empty.';
  if (!courses.has(Number(courseId))) return `There is no course ${courseId}.`;
  if (students.get(Number(userId)) === null) return `There is no learner ${userId}.`;
  return null;
}

/** Whether the line enrols, and does not cancel. */
const isToStand = (row) => STANDS.has((row.values.status ?? '').toLowerCase());

/** What a line would do: enrol, again, unenrol, nothing. */
function deedOf(row, student) {
  const enrollment = student.enrollments.find((one) => one.courseId === Number(row.values.courseid));
  const isEnrolled = enrollment?.isEnrolled ?? false;
  if (!isToStand(row)) return isEnrolled ? 'unenrol' : 'nothing';
  if (isEnrolled) return 'nothing';
  return enrollment?.status === 'cancelled' ? 'again' : 'enrol';
}

/** Reads only: [{line, cells, userId, courseId, name, title, deed, why}], deed 'reject' with why. */
export async function planRoster(client, sheet, onStep) {
  if (!sheet.names.includes('userid') || !sheet.names.includes('courseid')) throw new Error('The first line must name the columns userId and courseId.');
  const ids = [...new Set(sheet.rows.map((row) => row.values.userid).filter((id) => /^[1-9]\d*$/.test(id)).map(Number))];
  if (ids.length > LEARNERS_MAX) throw new Error(`This list names ${ids.length} learners. More than ${LEARNERS_MAX} are better brought in with "lockstepctl enrollments import".`);
  const courses = new Map((await readPages(client, '/api/admin/courses', (reply) => reply.courses)).map((course) => [course.id, course]));
  const students = new Map();
  await each(ids, async (id) => {
    try {
      students.set(id, await readStudent(client, id));
    } catch (error) {
      if (error.status !== 404) throw error;
      students.set(id, null);
    }
  }, onStep);
  const seen = new Map();
  return sheet.rows.map((row) => {
    const why = whyNot(row, courses, students);
    const [userId, courseId] = [Number(row.values.userid), Number(row.values.courseid)];
    const entry = { line: row.line, cells: row.cells, userId, courseId, title: courses.get(courseId)?.title ?? '' };
    if (why) return { ...entry, name: row.values.userid, deed: 'reject', why };
    const student = students.get(userId);
    const name = nameOf(student);
    const key = `${userId} ${courseId}`;
    const stands = isToStand(row);
    if (seen.has(key) && seen.get(key) !== stands) return { ...entry, name, deed: 'reject', why: 'An earlier line says the contrary.' };
    const isRepeated = seen.has(key);
    seen.set(key, stands);
    return { ...entry, name, deed: isRepeated ? 'nothing' : deedOf(row, student), why: null };
  });
}

/** Does what was planned; what cannot be done becomes a reject with its reason. */
export async function applyRoster(client, plan, onStep) {
  const outcome = new Map();
  await each(plan.filter((row) => row.deed !== 'nothing' && row.deed !== 'reject'), async (row) => {
    const body = { userId: row.userId, courseId: row.courseId };
    try {
      if (row.deed === 'unenrol') await client.send('DELETE', '/api/enrollment', { body });
      else await client.post('/api/enrollment', body);
      outcome.set(row, { ...row, isDone: true });
    } catch (error) {
      outcome.set(row, { ...row, deed: 'reject', why: error.detail || error.message });
    }
  }, onStep);
  return plan.map((row) => outcome.get(row) ?? row);
}

/** Lines that an import takes back; courseId null: of every course. */
export async function readRoster(client, courseId, onStep, signal) {
  const students = await readPages(client, '/api/students', (reply) => reply.students);
  const lines = [];
  await each(students, async ({ id }) => {
    const student = await readStudent(client, id);
    for (const one of student.enrollments)
      if (one.status !== null && (courseId === null || one.courseId === courseId))
        lines.push([id, student.displayName, one.courseId, one.title, one.status, one.progress, one.enrolledAt, one.completedAt]);
  }, onStep, signal);
  return lines.sort((a, b) => a[0] - b[0] || a[2] - b[2]);
}
