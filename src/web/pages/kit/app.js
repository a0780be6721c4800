// The frame around the views: who is signed in, where one is, how the connection stands.

import { GUEST } from '../../client/guest.js';
import { createLockstep } from '../../client/index.js';
import { html, render, useEffect, useErrorBoundary, useMemo, useState } from './html.js';
import { LockstepContext, SessionContext, useConnection, useLockstep, useRead } from './data.js';
import { isGuest, keepGuest, keepNobody, keepToken, onSessionChange, recallSession, receiveToken, signInUrl, tokenProvider, whose } from './session.js';
import { useKeptFocus } from './focus.js';
import { Button, Failure, Field, Toasts } from './ui.js';
import { ClaimNews, Claims, Unsettled } from './unsettled.js';
import { plural } from './format.js';
import { keepPages } from './keep.js';
import { News } from './news.js';

const THEMES = ['system', 'light', 'dark'];
const THEME_KEY = 'lockstep.theme';

const CONNECTION = {
  connecting: ['', 'Connecting'],
  live: ['good', 'Live'],
  polling: ['good', 'Up to date'],
  paused: ['', 'Paused'],
  offline: ['warn', 'Offline'],
  'signed-out': ['', 'Signed out'],
};

function applyTheme(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event('lockstep-theme'));
}

function ThemeButton() {
  const [theme, setTheme] = useState(localStorage.getItem(THEME_KEY) ?? 'system');
  const turn = () => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    localStorage.setItem(THEME_KEY, next);
    applyTheme(next);
    setTheme(next);
  };
  const sign = { system: '◐', light: '☀', dark: '☾' }[theme];
  return html`<button type="button" class="plain" onClick=${turn} aria-label="Colours: ${theme}" title="Colours: ${theme}">${sign}</button>`;
}

function ConnectionSign() {
  const { sync } = useConnection();
  if (sync.connection === 'idle') return null;
  const [tone, text] = CONNECTION[sync.connection] ?? ['', sync.connection];
  return html`<span class="connection ${tone}" role="status" data-connection=${sync.connection}>${text}</span>`;
}

/** What waits offline. */
function OfflineBanner() {
  const { offline } = useConnection();
  if (offline.pending === 0 && offline.blocked !== 'offline') return null;
  const why = { offline: 'You are offline.', away: 'The server cannot be reached.', 'signed-out': 'Please sign in again.', forbidden: 'Not all of it may be sent.' }[offline.blocked];
  return html`<p class="banner" role="status" data-pending=${offline.pending}>
    ${why ?? 'Saving.'} ${offline.pending > 0 && `${plural(offline.pending, 'thing')} ${offline.pending === 1 ? 'waits' : 'wait'} on this device and will be sent.`}
    ${!offline.durable && offline.pending > 0 && ' Keep this page open: there is no room to keep it otherwise.'}
  </p>`;
}

/** What a view throws is shown in its place; the frame stays. */
function Guarded({ children }) {
  const [error, reset] = useErrorBoundary();
  return error ? html`<${Failure} error=${error} retry=${reset} />` : children;
}

function place(views) {
  const [name, ...rest] = decodeURIComponent(location.hash.replace(/^#\/?/, '')).split('/');
  const view = views.find((one) => one.path === name) ?? views[0];
  return { view, rest };
}

/** The view of the address (`#/courses/7`: the view `courses`, given rest ['7']), loaded when it is first wanted. */
function Place({ views, allLoaded }) {
  const [at, setAt] = useState(() => place(views));
  const [loaded, setLoaded] = useState({});
  const [error, setError] = useState(null);
  useEffect(() => {
    const moved = () => setAt(place(views));
    addEventListener('hashchange', moved);
    moved(); // as it became since this was drawn
    return () => removeEventListener('hashchange', moved);
  }, []);
  useEffect(() => {
    document.title = `${at.view.label} · Lockstep`;
    setError(null);
    at.view.load().then((module) => setLoaded((before) => ({ ...before, [at.view.path]: module.View })), setError);
  }, [at.view]);
  useEffect(() => {
    const main = document.querySelector('main');
    if (document.activeElement !== document.body) main.focus({ preventScroll: true });
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [at.view]);
  useEffect(() => scrollTo(0, 0), [at]);
  useKeptFocus();
  useEffect(() => {
    // Who loses the connection can still go to any page, and a learner can come back to it.
    if (loaded[at.view.path]) Promise.all(views.map((view) => view.load())).then(allLoaded, () => {});
  }, [loaded]);
  const View = loaded[at.view.path];
  return html`
    <nav aria-label="Pages">${views.map((view) => html`<a href="#/${view.path}" aria-current=${view === at.view ? 'page' : undefined}><span class="sign" aria-hidden="true">${view.sign}</span>${view.label}</a>`)}</nav>
    <main id="main" tabindex="-1" key=${at.view.path}>
      <h1>${at.view.label}</h1>
      ${error && html`<${Failure} error=${error} retry=${() => location.reload()} />`}
      ${View && html`<${Guarded}><${View} rest=${at.rest} /><//>`}
    </main>`;
}

function SignIn({ title, guest, signedIn }) {
  const [token, setToken] = useState('');
  const [error, setError] = useState(null);
  const enter = (event) => {
    event.preventDefault();
    if (token.trim().split('.').length !== 3) setError('A token has three parts, with dots between them.');
    else signedIn(token.trim());
  };
  return html`<main id="main" class="sign-in" tabindex="-1">
    <h1>${title}</h1>
    ${signInUrl() && html`<p><a class="button primary" href=${signInUrl()}>Sign in</a></p>`}
    ${guest && html`<p><button type="button" class=${signInUrl() ? '' : 'primary'} onClick=${guest}>Try it as a guest</button></p>`}
    <form onSubmit=${enter}>
      <${Field} label="Or sign in with a token" type="password" autocomplete="off" value=${token} error=${error} onInput=${(event) => setToken(event.target.value)} />
      <${Button} type="submit">Sign in<//>
    </form>
  </main>`;
}

function Account({ leave, claims }) {
  const { client } = useLockstep();
  const [who, setWho] = useState(null);
  const profile = useRead(claims ? '/api/profile' : null);
  useEffect(() => void client.whoami().then(setWho), []);
  const name = who?.guest ? 'Guest' : (profile.data?.displayName ?? '');
  return html`<span class="account"><span class="name">${name}</span><button type="button" class="plain" onClick=${leave}>${who?.guest ? 'Sign in' : 'Sign out'}</button></span>`;
}

function Frame({ title, views, allLoaded, asksProfile, leave, lockstep, claims }) {
  const session = useMemo(() => ({ guest: isGuest(), leave }), [leave]);
  return html`<${LockstepContext.Provider} value=${lockstep}><${SessionContext.Provider} value=${session}><${Toasts}>
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById('main').focus(); }}>To the content</a>
    <header class="top">
      <a class="brand" href="#/${views[0].path}"><span aria-hidden="true">⇄</span> ${title}</a>
      <${ConnectionSign} />${asksProfile && html`<${News} />`}<${ThemeButton} /><${Account} leave=${leave} claims=${asksProfile} />
    </header>
    <${OfflineBanner} /><${Unsettled} /><${ClaimNews} claims=${claims} />
    <div class="body"><${Place} views=${views} allLoaded=${allLoaded} /></div>
  <//><//><//>`;
}

/**
 * views: [{path, label, sign, load: () => import(…)}], a module with a component View({rest}); the first is the start.
 * guests: whether the pages are of use without an account. isLearner: who is signed in has progress of their own,
 * which is kept fresh.
 */
export function startApp({ title, views, guests = false, isLearner = true }) {
  const root = document.getElementById('app');
  applyTheme(localStorage.getItem(THEME_KEY) ?? 'system');
  let lockstep = null;
  const claims = new Claims();
  const isInside = () => whose() !== null && (guests || !isGuest());

  const open = async () => {
    lockstep = createLockstep({ token: tokenProvider, offline: { anonymous: guests, persist: () => navigator.storage?.persist?.() } });
    claims.watch(lockstep.offline);
    lockstep.start().catch((error) => console.error(error));
    if (isLearner) lockstep.sync.subscribeQuietly(() => {});
    show();
  };
  const enter = (token) => keepToken(token).then(moved);
  const guest = () => keepGuest().then(moved);
  const leave = () => keepNobody().then(moved);
  const signIn = async () => {
    const { owner, pending } = lockstep.offline.state;
    const { pending: left } = await lockstep.signedIn();
    // A guest whom the server never met has nothing to be claimed, only what waited here.
    const becameSomebody = owner === GUEST && lockstep.offline.state.owner !== GUEST;
    if (becameSomebody && pending > 0 && claims.silent) claims.add({ claimed: true, waits: left > 0 });
  };
  /** Somebody else, or nobody, is signed in from now on: what the queue of the one before holds stays theirs. */
  const moved = async () => {
    if (lockstep === null && isInside()) return open();
    if (lockstep !== null) await signIn().catch((error) => console.error(error));
    show();
  };
  const show = () => {
    render(
      lockstep !== null && isInside()
        ? html`<${Frame} key=${whose()} title=${title} views=${views} allLoaded=${isLearner ? keepPages : undefined} asksProfile=${isLearner} leave=${leave} lockstep=${lockstep} claims=${claims} />`
        : html`<${SignIn} title=${title} guest=${guests ? guest : null} signedIn=${enter} />`,
      root,
    );
  };
  onSessionChange(moved);
  addEventListener('hashchange', async () => {
    if (await receiveToken()) moved();
  });
  recallSession().then(() => (isInside() ? open() : show()));
}
