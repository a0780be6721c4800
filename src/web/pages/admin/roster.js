// Enrollments as lists: a file is brought in parts that the interface takes, and taken away part by part.

const PART_LINES = 500;
const PART_CHARACTERS = 128 * 1024;
const ROW_LINES = 100; // a quote that nobody closes does not make one row of all that follows
const IMPORT = '/api/admin/enrollments/import';
const EXPORT = '/api/admin/enrollments/export';
const COUNTS = ['lines', 'enrolled', 'enrolledAgain', 'mended', 'unenrolled', 'unchanged', 'repeated'];

/** Rows of the file with the number of their first line; a quoted cell may go over several lines. */
function rowsOf(text) {
  const rows = [];
  let open = [];
  let quotes = 0;
  const lines = text.split(/\r\n|\n|\r/);
  lines.forEach((line, at) => {
    open.push(line);
    quotes += line.split('"').length - 1;
    if (quotes % 2 === 1 && open.length < ROW_LINES && at + 1 < lines.length) return;
    rows.push({ first: at + 2 - open.length, lines: open });
    open = [];
    quotes = 0;
  });
  return rows;
}

const isBlank = (row) => row.lines.every((line) => line.trim() === '');

/** {head, parts: [{csv, lineOffset, lines}]}: each part is a list of its own, under the file's head. */
export function partsOf(text) {
  const rows = rowsOf(text.replace(/^\uFEFF/, ''));
  while (rows.length > 1 && isBlank(rows.at(-1))) rows.pop();
  const headRows = /^"?sep=/i.test(rows[0].lines[0]) ? 2 : 1; // a line of Excel's own
  const head = rows.slice(0, headRows).flatMap((row) => row.lines);
  const parts = [];
  for (const row of rows.slice(headRows)) {
    const length = row.lines.join('\n').length;
    const last = parts.at(-1);
    const isFull = !last || last.lines.length + row.lines.length > PART_LINES || last.length + length > PART_CHARACTERS;
    if (isFull) parts.push({ lineOffset: row.first - head.length - 1, lines: [], length: 0 });
    parts.at(-1).lines.push(...row.lines);
    parts.at(-1).length += length;
  }
  return { head: head.join('\r\n'), parts: parts.map(({ lines, lineOffset }) => ({ lineOffset, lines: lines.length, csv: [...head, ...lines].join('\n') })) };
}

/**
 * Brings all parts, one after the other; what each would remove was seen before (`seen`, the replies of a dry run).
 * Answers the replies.
 */
export async function bringParts(client, { parts }, seen, onStep) {
  const total = parts.reduce((sum, part) => sum + part.lines, 0);
  const replies = [];
  let done = 0;
  for (const [at, { csv, lineOffset, lines }] of parts.entries()) {
    onStep(done, total);
    const how = seen === null ? { dryRun: true } : { maxRemovals: seen[at].unenrolled };
    replies.push(await client.post(IMPORT, { csv, lineOffset, ...how }));
    done += lines;
  }
  return replies;
}

/** One report of all parts. */
export function sumOf(replies) {
  const counts = COUNTS.map((name) => [name, replies.reduce((sum, reply) => sum + reply[name], 0)]);
  return { ...Object.fromEntries(counts), bad: replies.flatMap((reply) => reply.bad) };
}

/** The whole list as CSV; courseId null: of every course. onStep is told how many lines there are so far. */
export async function readList(client, courseId, onStep, signal) {
  const texts = [];
  let lines = 0;
  let after;
  do {
    const part = await client.get(EXPORT, { query: { courseId: courseId ?? undefined, after }, signal });
    texts.push(part.csv);
    lines += part.csv.split('\r\n').length - 1;
    onStep(lines - 1);
    after = part.nextAfter ?? undefined;
  } while (after !== undefined);
  return { text: texts.join(''), enrollments: lines - 1 };
}
