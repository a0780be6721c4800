// The pieces that views are made of. Every list goes through Loaded: it has its loading, empty and failed state.

import { createContext, html, useContext, useEffect, useRef, useState } from './html.js';
import { useSession } from './data.js';
import * as format from './format.js';

let names = 0;
export const newName = (prefix) => `${prefix}-${++names}`;

/** What went wrong, as a sentence, with what the server said of each field. */
export function Failure({ error, retry }) {
  if (!error) return null;
  const fields = error.errors ?? [];
  return html`<div class="failure" role="alert">
    <p>${error.detail || error.message}</p>
    ${fields.length > 0 && html`<ul>${fields.map((one) => html`<li><b>${one.field}</b> ${one.message}</li>`)}</ul>`}
    ${error.requestId && html`<p class="quiet">Request ${error.requestId}</p>`}
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

/**
 * Shows what was read (useRead, useList), or why there is nothing. `children` is a function of the data; `empty`
 * says, as a text or a node, what an empty list means, where `isEmpty(data)`.
 */
export function Loaded({ read, empty, isEmpty = (data) => Array.isArray(data) && data.length === 0, rows = 3, children }) {
  const data = read.data ?? read.rows;
  if (data === undefined && read.error) return html`<${Failure} error=${read.error} retry=${read.reload} />`;
  if (data === undefined)
    return html`<div class="skeleton" role="status" aria-label="Loading">
      ${Array.from({ length: rows }, () => html`<span></span>`)}
    </div>`;
  return html`
    ${read.error && html`<p class="stale" role="status">Not up to date: ${read.error.detail || read.error.message}</p>`}
    ${isEmpty(data) ? html`<div class="empty">${empty}</div>` : children(data)}
    ${read.more && html`<p class="more"><button type="button" onClick=${read.more}>Show more</button></p>`}
  `;
}

export function Card({ title, aside, children, class: extra = '', level = 2 }) {
  const id = useRef(null);
  id.current ??= newName('card');
  return html`<section class="card ${extra}" aria-labelledby=${title ? id.current : undefined}>
    ${title && html`<header><${`h${level}`} id=${id.current}>${title}<//>${aside && html`<div class="aside">${aside}</div>`}</header>`}
    ${children}
  </section>`;
}

/** A figure that people look at first. */
export function Figure({ label, value, note, tone = '' }) {
  return html`<div class="figure ${tone}"><dt>${label}</dt><dd>${value}</dd>${note && html`<dd class="quiet">${note}</dd>`}</div>`;
}
export const Figures = ({ children }) => html`<dl class="figures">${children}</dl>`;

export function Badge({ tone = '', children }) {
  return html`<span class="badge ${tone}">${children}</span>`;
}

/** How far something is, in percent, never said to be all while something is left; null: nobody knows how far. */
export function Bar({ value, label, tone = '' }) {
  const isKnown = value !== null;
  const bounded = Math.max(0, Math.min(100, value ?? 0));
  return html`<div class="bar ${tone} ${isKnown ? '' : 'unknown'}" role="progressbar" aria-label=${label} aria-valuenow=${isKnown ? Math.floor(bounded) : undefined} aria-valuemin="0" aria-valuemax="100">
    <span style=${isKnown ? { inlineSize: `${bounded}%` } : {}}></span>
  </div>`;
}

export function Button({ action, tone = '', children, ...more }) {
  return html`<button type="button" class=${tone} disabled=${more.disabled || action?.busy} aria-busy=${action?.busy ? 'true' : undefined} ...${more}>${children}</button>`;
}

/** Something that is on or off; `toggle` is asked to turn it, and may ask back first. */
export function Switch({ label, on, toggle, disabled }) {
  return html`<button type="button" class="switch" role="switch" aria-checked=${on ? 'true' : 'false'} disabled=${disabled} onClick=${toggle}>
    <span class="track" aria-hidden="true"><span></span></span>${label}
  </button>`;
}

/** One of a few: options [{value, label}]. */
export function Choice({ label, options, value, choose }) {
  return html`<div class="choice" role="group" aria-label=${label}>${options.map((one) => html`
    <button type="button" aria-pressed=${one.value === value ? 'true' : 'false'} onClick=${() => choose(one.value)}>${one.label}</button>`)}</div>`;
}

/** A moment, readable as the distance from now and, on demand, to the minute. */
export function When({ at }) {
  if (!at) return html`<span class="quiet">never</span>`;
  return html`<time datetime=${at} title=${format.moment(at)}>${format.ago(at)}</time>`;
}

/**
 * columns: [{label, of(row) → node, numeric?, isDeed?}], the last of a button, whose heading nobody needs to see;
 * key(row). On a narrow screen each row becomes a small card.
 */
export function Table({ caption, columns, rows, keyOf, onRow }) {
  return html`<div class="table" role="region" aria-label=${caption} tabindex="0"><table>
    <caption class="hidden">${caption}</caption>
    <thead><tr>${columns.map((column) => html`<th scope="col" class=${column.numeric ? 'numeric' : ''}>${column.isDeed ? html`<span class="hidden">${column.label}</span>` : column.label}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${keyOf(row)} class=${onRow ? 'open' : ''}>
      ${columns.map((column, at) => {
        const cell = column.of(row);
        return html`<td data-label=${column.isDeed ? '' : column.label} class=${column.numeric ? 'numeric' : column.isDeed ? 'deed' : ''}><div>${
          at === 0 && onRow ? html`<button type="button" class="link" onClick=${() => onRow(row)}>${cell}</button>` : cell}</div></td>`;
      })}
    </tr>`)}</tbody>
  </table></div>`;
}

/** A labelled input. `error` is what the server said of the field. */
export function Field({ label, hint, error, children, ...more }) {
  const id = useRef(null);
  id.current ??= newName('field');
  const described = [hint && `${id.current}-hint`, error && `${id.current}-error`].filter(Boolean).join(' ') || undefined;
  const given = { id: id.current, 'aria-describedby': described, 'aria-invalid': error ? 'true' : undefined, ...more };
  return html`<div class="field">
    <label for=${id.current}>${label}</label>
    ${more.options
      ? html`<select ...${given}>${more.options.map((one) => html`<option value=${one.value ?? one} selected=${(one.value ?? one) === more.value}>${one.label ?? one}</option>`)}</select>`
      : more.rows ? html`<textarea ...${given}></textarea>` : html`<input ...${given} />`}
    ${hint && html`<p class="quiet" id="${id.current}-hint">${hint}</p>`}
    ${error && html`<p class="wrong" id="${id.current}-error">${error}</p>`}
    ${children}
  </div>`;
}

/** A modal dialog; closes by Escape, by its button, and by `close`. */
export function Dialog({ title, open, close, children, wide = false }) {
  const dialog = useRef(null);
  const id = useRef(null);
  id.current ??= newName('dialog');
  useEffect(() => {
    if (open && !dialog.current.open) dialog.current.showModal();
    if (!open && dialog.current.open) dialog.current.close();
  }, [open]);
  return html`<dialog ref=${dialog} class=${wide ? 'wide' : ''} aria-labelledby=${id.current} onClose=${close}>
    <header><h2 id=${id.current}>${title}</h2><button type="button" class="plain" aria-label="Close" onClick=${close}>✕</button></header>
    ${open && children}
  </dialog>`;
}

/** What belongs to an account, or for a guest the way to one. `children` is a function; `why` says what needs it. */
export function MembersOnly({ why, children }) {
  const { guest, leave } = useSession();
  if (!guest) return children();
  return html`<section class="card invite">
    <p>${why}</p>
    <p class="quiet">What you have practised as a guest comes with you.</p>
    <button type="button" class="primary" onClick=${leave}>Sign in</button>
  </section>`;
}

const ToastContext = createContext(() => {});
/** say(text, tone): a line that is read out, and goes by itself. */
export const useToast = () => useContext(ToastContext);

const TOAST_MS = 6000;

export function Toasts({ children }) {
  const [lines, setLines] = useState([]);
  const say = useRef((text, tone = '') => {
    const line = { id: newName('toast'), text, tone };
    setLines((before) => [...before.slice(-3), line]);
    setTimeout(() => setLines((before) => before.filter((one) => one !== line)), TOAST_MS);
  });
  return html`<${ToastContext.Provider} value=${say.current}>
    ${children}
    <div class="toasts" role="status" aria-live="polite">${lines.map((line) => html`<p key=${line.id} class=${line.tone}>${line.text}</p>`)}</div>
  <//>`;
}
