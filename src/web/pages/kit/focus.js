// The focus of who works by keyboard: what goes away while they are on it does not throw them back to the page's top.

import { useEffect } from './html.js';

/** The dialog that is open, or what the page is about. */
const nearest = () => document.querySelector('dialog[open] button') ?? document.querySelector('main');

export function useKeptFocus() {
  useEffect(() => {
    let last = null;
    const note = (event) => {
      last = event.target;
    };
    const observer = new MutationObserver(() => {
      if (last === null || last.isConnected) return;
      last = null;
      if (document.activeElement === document.body) nearest()?.focus({ preventScroll: true });
    });
    document.addEventListener('focusin', note);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', note);
      observer.disconnect();
    };
  }, []);
}
