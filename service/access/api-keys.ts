// Keys: made once, shown once, kept as a hash, compared in constant time.
import { createHash, timingSafeEqual } from 'node:crypto';
import { KEY_PREFIX_LENGTH, newSecretKey } from '../../store/ids.js';
import type { KeyStore } from '../../store/store.js';
import type { NewApiKey, Scope } from '../../store/types.js';

/** What a request is allowed to do, and as whom. */
export interface Principal {
  /** Id of its key; null where no key is asked for, `environment` for the server's own. */
  id: string | null;
  scope: Scope;
}

export const ENVIRONMENT_KEY = 'environment';

const ORDER: readonly Scope[] = ['read', 'write', 'admin'];
/** Between two notes of the last use of a key, in ms: each is a write to the disk. */
const TOUCH_MS = 60_000;

/** Whether a key of scope `has` may do what needs `wanted`. */
export function allows(has: Scope, wanted: Scope): boolean {
  return ORDER.indexOf(has) >= ORDER.indexOf(wanted);
}

/** A new key: the text for its owner, and what is kept of it. SHA-256 is enough where the text itself is 260 random bits. */
export function makeKey(name: string, scope: Scope, expiresAt: Date | null): { secret: string; kept: NewApiKey } {
  const secret = newSecretKey();
  return { secret, kept: { name, scope, prefix: secret.slice(0, KEY_PREFIX_LENGTH), hash: digest(secret), expiresAt } };
}

export class KeyRing {
  private readonly touched = new Map<string, number>();
  private readonly adminHash: Uint8Array | undefined;

  /** @param adminKey the server's own key; empty: it has none */
  constructor(
    private readonly store: KeyStore,
    adminKey: string,
    private readonly now: () => number = Date.now,
  ) {
    if (adminKey !== '') this.adminHash = digest(adminKey);
  }

  /** Whose key it is; `expired` where it no longer opens anything, undefined where it never did. */
  async identify(secret: string): Promise<Principal | 'expired' | undefined> {
    const hash = digest(secret);
    if (this.adminHash && timingSafeEqual(hash, this.adminHash)) return { id: ENVIRONMENT_KEY, scope: 'admin' };
    const key = await this.store.findKey(secret.slice(0, KEY_PREFIX_LENGTH));
    if (key === null || !timingSafeEqual(hash, key.hash)) return undefined;
    const now = this.now();
    if (key.expiresAt !== null && key.expiresAt.getTime() <= now) return 'expired';
    if (now - (this.touched.get(key.id) ?? key.lastUsedAt?.getTime() ?? 0) >= TOUCH_MS) {
      this.touched.set(key.id, now);
      // A busy or full database is no reason to turn its user away.
      await this.store.touchKey(key.id).catch(() => {});
    }
    return { id: key.id, scope: key.scope };
  }
}

function digest(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
