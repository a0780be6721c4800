// Ids, and what a token says of its bearer. Nothing is verified here: that is the server's.

/** A UUID, also where the page is not a secure context and crypto.randomUUID is missing. */
export function newId() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** {owner, role, expiresAt} of a JWT; `owner` names the learner on this device, issuer included. A token that
 * is no JWT is its own owner. */
export function readToken(token) {
  try {
    const text = atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'));
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    if (claims.sub === undefined) throw new TypeError('no sub');
    return {
      owner: `${claims.iss ?? ''}|${claims.sub}`,
      role: claims.role ?? 'student',
      expiresAt: typeof claims.exp === 'number' ? claims.exp * 1000 : null,
    };
  } catch {
    return { owner: `token|${token}`, role: null, expiresAt: null };
  }
}
