// The learner who has not signed in: gets a token of their own when one is needed, and becomes part of whoever
// signs in. What was done waits under the owner 'guest' until then.

import { meaningOf } from './kinds.js';

export const GUEST = 'guest';

export class Guest {
  #minting = null;

  constructor({ client, meta, exclusive, allowed }) {
    this.client = client;
    this.meta = meta;
    this.exclusive = exclusive;
    this.allowed = allowed;
  }

  /** The provider for Client.useGuest. */
  async token() {
    const record = await this.meta().get('guest');
    if (record !== null) return record.token;
    if (!this.allowed) return null;
    this.#minting ??= this.exclusive('guest', () => this.#mint()).finally(() => {
      this.#minting = null;
    });
    return this.#minting;
  }

  // Where the reply is lost, an empty learner is left behind, which the server clears away.
  async #mint() {
    const known = await this.meta().get('guest'); // another tab was first
    if (known !== null) return known.token;
    const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const { data } = await this.client.send('POST', '/api/anonymous', { token: null, body: { timeZone } });
    const record = { token: data.token, userId: data.userId, expiresAt: data.expiresAt };
    return (await this.meta().update('guest', (stored) => stored ?? record)).token;
  }

  /** Somebody signed in: what the guest left waiting is theirs from now on, in one transaction with the note that
   * the guest is to be claimed by them, and by nobody else. Needs no network. */
  async becomes(owner, stores) {
    for (const store of stores)
      await store.reown(GUEST, owner, ['guest', 'claims'], (guest, claims) => [
        null,
        guest === null ? claims : [...(claims ?? []), { token: guest.token, owner }],
      ]);
  }

  /** Sends the claims that are noted for who is signed in; returns what came of them. The server takes a claim
   * once, and answers a repeat by the same learner as it did the first. */
  async claim(credentials) {
    const outcomes = [];
    for (const { token, owner } of (await this.meta().get('claims')) ?? []) {
      if (owner !== credentials.owner) continue;
      const outcome = { claimed: true, reply: null, problem: null };
      try {
        const options = { token: credentials.token, body: { anonymousToken: token }, repeatable: true, attempts: 1 };
        outcome.reply = (await this.client.send('POST', '/api/anonymous/claim', options)).data;
      } catch (error) {
        // 404: the guest is gone; 409: somebody else's by now. Nothing would change by asking again.
        if (meaningOf(error) !== 'refused' && !(error.status === 404 && error.isOwn)) throw error;
        outcome.claimed = false;
        outcome.problem = error;
      }
      await this.meta().update('claims', (claims) => {
        const left = (claims ?? []).filter((claim) => claim.token !== token);
        return left.length === 0 ? null : left;
      });
      outcomes.push(outcome);
    }
    return outcomes;
  }
}
