// The chapters of a course, in their order.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep, useRead } from '../kit/data.js';
import { Button, Card, Dialog, Failure, Field, Loaded, Table, useToast } from '../kit/ui.js';
import { Confirm } from '../kit/confirm.js';
import { JobProgress } from '../kit/jobs.js';

const REFRESH_MS = 5000;

/** chapter: as it is; {} adds one. */
function ChapterForm({ courseId, chapter, done, close }) {
  const { client } = useLockstep();
  const [title, setTitle] = useState(chapter.title ?? '');
  const [position, setPosition] = useState(String(chapter.position ?? ''));
  const action = useAction(async () => {
    const body = { title: title.trim(), ...(position.trim() !== '' && { position: Number(position) }) };
    if (chapter.id) await client.patch('/api/admin/chapters/{id}', body, { path: { id: chapter.id } });
    else await client.post('/api/admin/chapters', { courseId, ...body });
    done(chapter.id ? 'The chapter is changed.' : `“${body.title}” is added.`);
  });
  const fields = action.error?.fields ?? {};
  const send = (event) => {
    event.preventDefault();
    action.run();
  };
  return html`<form onSubmit=${send}>
    <${Field} label="Title" required value=${title} error=${fields.title} onInput=${(event) => setTitle(event.target.value)} />
    <${Field} label="Place" hint=${chapter.id ? undefined : 'Empty: the last.'} type="number" min="0" value=${position} error=${fields.position} onInput=${(event) => setPosition(event.target.value)} />
    <${Failure} error=${action.error} />
    <p class="actions"><button type="button" onClick=${close}>Leave it</button><${Button} type="submit" tone="primary" action=${action}>${chapter.id ? 'Save' : 'Add'}<//></p>
  </form>`;
}

export function Chapters({ courseId, changed }) {
  const { client } = useLockstep();
  const say = useToast();
  const read = useRead('/api/admin/chapters', { query: { courseId }, everyMs: REFRESH_MS });
  const [edited, setEdited] = useState(null);
  const [removed, setRemoved] = useState(null);
  const [jobId, setJobId] = useState(null);
  const refresh = () => {
    read.reload();
    changed();
  };
  const done = (text) => {
    say(text, 'good');
    setEdited(null);
    refresh();
  };
  const remove = useAction(async () => {
    const reply = await client.delete('/api/admin/chapters/{id}', { path: { id: removed.id } });
    setRemoved(null);
    setJobId(reply.jobId);
  });
  const gone = (job) => {
    setJobId(null);
    say(job.state === 'done' ? 'The chapter is deleted.' : `It could not be deleted: ${job.error ?? job.state}.`, job.state === 'done' ? 'good' : 'bad');
    refresh();
  };
  return html`<${Card} title="Chapters" aside=${html`<${Button} onClick=${() => setEdited({})}>Add a chapter<//>`}>
    <${JobProgress} jobId=${jobId} label="The chapter is being deleted" onEnd=${gone} />
    <${Loaded} read=${read} empty="It has no chapters yet." isEmpty=${(data) => data.chapters.length === 0}>${({ chapters }) => html`
      <${Table} caption="Chapters in their order" rows=${chapters} keyOf=${(row) => row.id} columns=${[
        { label: 'Title', of: (row) => row.title },
        { label: 'Place', numeric: true, of: (row) => row.position },
        { label: 'What to do', isDeed: true, of: (row) => html`<span class="row tight">
          <button type="button" aria-label="Edit ${row.title}" onClick=${() => setEdited(row)}>Edit</button>
          <button type="button" class="danger" aria-label="Delete ${row.title}" disabled=${jobId !== null} onClick=${() => setRemoved(row)}>Delete</button>
        </span>` },
      ]} />`}<//>
    <${Dialog} title=${edited?.id ? 'Edit the chapter' : 'A new chapter'} open=${edited !== null} close=${() => setEdited(null)}>
      ${edited && html`<${ChapterForm} courseId=${courseId} chapter=${edited} done=${done} close=${() => setEdited(null)} />`}
    <//>
    <${Confirm} title="Delete “${removed?.title}”?" open=${removed !== null} close=${() => setRemoved(null)} label="Delete for good" action=${remove} onYes=${remove.run}>
      <p>The chapter goes, and with it who has completed it. Nobody’s progress in the course falls.</p>
    <//>
  <//>`;
}
