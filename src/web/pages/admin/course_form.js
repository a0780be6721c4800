// What a course is called, costs and is open to: to make one, and to change one.

import { html, useState } from '../kit/html.js';
import { useAction, useLockstep } from '../kit/data.js';
import { Button, Failure, Field, useToast } from '../kit/ui.js';

export const TONE = { published: 'good', active: 'good', draft: 'warn', archived: '' };
const STATUSES = ['draft', 'published', 'active', 'archived'];
const NEW = { title: '', description: null, status: 'draft', priceCents: 0, currency: 'usd', isPublic: false, isDefaultUnlocked: false };

function Check({ label, hint, checked, set }) {
  return html`<label class="check"><input type="checkbox" checked=${checked} onChange=${(event) => set(event.target.checked)} /><span>${label}<br /><span class="quiet">${hint}</span></span></label>`;
}

/** course: as it is; null makes one. done(course). */
export function CourseForm({ course, done, close }) {
  const { client } = useLockstep();
  const say = useToast();
  const from = course ?? NEW;
  const [values, setValues] = useState({ ...from, price: String(from.priceCents / 100), description: from.description ?? '' });
  const set = (name) => (value) => setValues((before) => ({ ...before, [name]: value?.target ? value.target.value : value }));
  const action = useAction(async () => {
    const body = {
      title: values.title.trim(),
      description: values.description.trim() || null,
      status: values.status,
      priceCents: Math.round(Number(values.price || 0) * 100),
      currency: values.currency.trim(),
      isPublic: values.isPublic,
      isDefaultUnlocked: values.isDefaultUnlocked,
    };
    const reply = course
      ? await client.patch('/api/admin/courses/{id}', body, { path: { id: course.id } })
      : await client.post('/api/admin/courses', body);
    say(course ? 'The course is changed.' : `“${reply.title}” is made.`, 'good');
    done(reply);
  });
  const fields = action.error?.fields ?? {};
  const send = (event) => {
    event.preventDefault();
    action.run();
  };
  return html`<form onSubmit=${send}>
    <${Field} label="Title" required value=${values.title} error=${fields.title} onInput=${set('title')} />
    <${Field} label="What it is about" rows="4" value=${values.description} error=${fields.description} onInput=${set('description')} />
    <div class="fields">
      <${Field} label="Status" hint="Students see it when it is published or active." options=${STATUSES} value=${values.status} error=${fields.status} onChange=${set('status')} />
      <${Field} label="Price" hint="0 is free." type="number" min="0" step="0.01" value=${values.price} error=${fields.priceCents} onInput=${set('price')} />
      <${Field} label="Currency" maxlength="3" value=${values.currency} error=${fields.currency} onInput=${set('currency')} />
    </div>
    <${Check} label="Students may enrol by themselves" hint="Where it has no price." checked=${values.isPublic} set=${set('isPublic')} />
    <${Check} label="Given to every student" hint="Without being asked for." checked=${values.isDefaultUnlocked} set=${set('isDefaultUnlocked')} />
    <${Failure} error=${action.error} />
    <p class="actions">
      <button type="button" onClick=${close}>Leave it</button>
      <${Button} type="submit" tone="primary" action=${action}>${course ? 'Save' : 'Make the course'}<//>
    </p>
  </form>`;
}
