// The columns of the table beside what the document says of the same totals: who differs, the largest difference first.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Badge, Button, Card, Failure, Field, Figure, Figures, Loaded, Table, When, useToast } from '../kit/ui.js';
import { JobProgress } from '../kit/jobs.js';
import { Pager, usePages } from '../kit/pages.js';
import { save } from '../kit/files.js';
import { Back } from '../kit/tabs.js';
import { number, plural } from '../kit/format.js';

const REFRESH_MS = 5000;
const PAGE_ROWS = 50;
const EXPORT_ROWS = 200; // a page of the export, the most that the interface gives

const signs = new Intl.NumberFormat(undefined, { signDisplay: 'exceptZero' });

function Difference({ table, json, difference }) {
  return html`<span><b class=${difference === 0 ? 'quiet' : 'off'}>${signs.format(difference)}</b><br /><span class="quiet">${number(table)} against ${number(json)}</span></span>`;
}

const COLUMNS = [
  { name: 'learner', label: 'Learner', of: (entry) => html`<span><a href="#/students/${entry.userId}">${entry.username ?? `learner ${entry.userId}`}</a><br /><span class="quiet">${entry.userId}</span></span>` },
  { name: 'tokens', label: 'Tokens', numeric: true, of: (entry) => html`<${Difference} table=${entry.tableTokens} json=${entry.jsonTokens} difference=${entry.tokenDiff} />` },
  { name: 'questions', label: 'Questions', numeric: true, of: (entry) => html`<${Difference} table=${entry.tableQuestions} json=${entry.jsonQuestions} difference=${entry.questionDiff} />` },
  { name: 'correct', label: 'Correct', numeric: true, of: (entry) => html`<${Difference} table=${entry.tableCorrect} json=${entry.jsonCorrect} difference=${entry.correctDiff} />` },
  { name: 'document', label: 'Document', of: (entry) => (entry.hasDocument ? 'yes' : html`<${Badge} tone="warn">none<//>`) },
  { name: 'repair', label: 'Repair', of: (entry) => html`<a href="#/repairs/plan/all/${entry.userId}">Plan<span class="hidden"> a repair of learner ${entry.userId}</span></a>` },
];

const Entries = ({ caption, rows }) => html`<${Table} caption=${caption} columns=${COLUMNS} rows=${rows} keyOf=${(entry) => entry.userId} />`;

/** All pages of one pass, as one file: only the first keeps its header line. */
async function wholeCsv(client) {
  const parts = [];
  let pass;
  let after;
  do {
    const { data, headers } = await client.send('GET', '/api/admin/audit', { query: { limit: EXPORT_ROWS, after, pass }, headers: { Accept: 'text/csv' } });
    parts.push(parts.length === 0 ? data : data.slice(data.indexOf('\n') + 1));
    pass = headers.get('X-Pass-Id') ?? undefined;
    after = headers.get('X-Next-After');
  } while (after);
  return { text: parts.join(''), pass };
}

function Tools({ data, reload }) {
  const { client } = useLockstep();
  const say = useToast();
  const [jobId, setJobId] = useState(null);
  const refresh = useAction(async () => setJobId((await client.get('/api/admin/audit', { query: { refresh: 1, limit: 1 } })).jobId));
  const csv = useAction(async () => {
    const { text, pass } = await wholeCsv(client);
    save(`audit-${pass}.csv`, 'text/csv', text);
    say('The audit was exported.', 'good');
  });
  const ended = (job) => {
    setJobId(null);
    if (job.state === 'done') say('The audit is made: these are its figures.', 'good');
    else say(`The audit was not made: ${job.error ?? job.state}`, 'bad');
    reload();
  };
  return html`<div class="stack">
    <div class="row spread">
      <span class="quiet">${data.asOf ? html`As of the last audit, <${When} at=${data.asOf} />.` : 'There was no audit yet. One is made every day, or now.'}</span>
      <span class="row"><${Button} action=${csv} disabled=${csv.busy || !data.asOf} onClick=${() => csv.run()}>Export as CSV<//>
        <${Button} action=${refresh} disabled=${refresh.busy || jobId !== null} onClick=${() => refresh.run()}>Audit everybody now<//></span>
    </div>
    <${Failure} error=${refresh.error ?? csv.error} />
    <${JobProgress} jobId=${jobId} label="Comparing columns and documents" onEnd=${ended} />
  </div>`;
}

function OneLearner({ id }) {
  const [wish, setWish] = useState(id ?? '');
  const read = useRead(id ? '/api/admin/audit' : null, { query: { userId: id }, everyMs: REFRESH_MS });
  const look = (event) => {
    event.preventDefault();
    location.hash = wish.trim() ? `#/audit/${encodeURIComponent(wish.trim())}` : '#/audit';
  };
  return html`<${Card} title="One learner, as things stand now">
    <form class="row inline" onSubmit=${look}><${Field} label="Learner’s number" inputmode="numeric" value=${wish} error=${read.error?.fields?.userId} onInput=${(event) => setWish(event.target.value)} /><button type="submit">Look</button></form>
    ${id && html`<${Loaded} read=${read} empty="There is no such learner." isEmpty=${(data) => data.entries.length === 0}>${(data) => html`<${Entries} caption="One learner, columns beside document" rows=${data.entries} />`}<//>`}
  <//>`;
}

/** Later pages go on in the pass of the first, also when a newer one is done. */
function Everybody() {
  const pages = usePages('');
  const [pass, setPass] = useState(null);
  const query = { limit: PAGE_ROWS, ...(pages.page > 1 && { after: pages.after, pass }) };
  const read = useRead('/api/admin/audit', { query, everyMs: REFRESH_MS });
  const turning = (data) => ({ ...pages, forward: (cursor) => { setPass(data.passId); pages.forward(cursor); } });
  return html`<${Loaded} read=${read} rows=${8} isEmpty=${() => false}>${(data) => html`<div class="stack">
    ${data.asOf && html`<${Figures}>
      <${Figure} label="Learners who differ" value=${number(data.differ)} tone=${data.differ === 0 ? 'good' : 'warn'} note=${`of ${plural(data.learners, 'learner')}`} />
      ${pages.page === 1 && data.entries.length > 0 && html`<${Figure} label="Largest difference" value=${plural(Math.abs(data.entries[0].tokenDiff), 'token')} />`}
    <//>`}
    <${Tools} data=${data} reload=${read.reload} />
    <${Card} title="Who differs" aside=${html`<span class="quiet">the table less the document; the largest first</span>`}>
      ${data.entries.length > 0 ? html`<${Entries} caption="Learners whose columns and document differ" rows=${data.entries} />` : html`<p class="empty">${data.asOf ? 'Nobody differed at the last audit.' : data.message}</p>`}
      <${Pager} pages=${turning(data)} next=${data.nextAfter} label="Pages of the audit" />
    <//>
  </div>`}<//>`;
}

export function View({ rest: [id] }) {
  return html`<div class="stack">${id ? html`<${Back} to="audit">Everybody<//>` : html`<${Everybody} />`}<${OneLearner} key=${id ?? ''} id=${id} /></div>`;
}
