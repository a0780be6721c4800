// Lists that are too long to grow: one page at a time, by the cursors that the server hands out.

import { html, useEffect, useState } from './html.js';
import { number } from './format.js';

const START = [undefined];

/** Where one is: {after, page, forward(cursor), back, first}. Another `wish` begins at the first page. */
export function usePages(wish) {
  const [trail, setTrail] = useState(START);
  useEffect(() => setTrail(START), [wish]);
  return {
    after: trail.at(-1),
    page: trail.length,
    forward: (cursor) => setTrail((before) => [...before, cursor]),
    back: () => setTrail((before) => (before.length > 1 ? before.slice(0, -1) : before)),
    first: () => setTrail(START),
  };
}

/** next: the cursor of the page after this one, or null at the end. */
export function Pager({ pages, next, label }) {
  if (pages.page === 1 && !next) return null;
  return html`<div class="pager row" role="group" aria-label=${label}>
    <button type="button" disabled=${pages.page === 1} onClick=${pages.back}>Back</button>
    <span class="quiet">Page ${number(pages.page)}</span>
    <button type="button" disabled=${!next} onClick=${() => pages.forward(next)}>Next</button>
  </div>`;
}
