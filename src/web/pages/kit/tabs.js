// Parts of one view, each with its own address.

import { html } from './html.js';

/** tabs: [{path, label, count?}]; `at` is the path of the one on show; `of` the view's. */
export function Tabs({ label, of, tabs, at }) {
  return html`<div class="tabs" role="navigation" aria-label=${label}>${tabs.map((tab) => html`
    <a href=${tab.path ? `#/${of}/${tab.path}` : `#/${of}`} aria-current=${tab.path === at ? 'page' : undefined}>${tab.label}${tab.count > 0 && html` <span class="count">${tab.count}</span>`}</a>`)}</div>`;
}

/** The way back from one thing to the list that it stands in. */
export const Back = ({ to, children }) => html`<p><a class="back" href="#/${to}"><span aria-hidden="true">←</span> ${children}</a></p>`;
