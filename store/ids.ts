// Ids: a prefix that tells the kind, then 24 characters that sort by time of creation.
import { randomFillSync } from 'node:crypto';

export type IdPrefix = 'study' | 'trial' | 'model' | 'ftjob' | 'eval' | 'key' | 'imp';

const RANDOM_CHARACTERS_OF_KEY = 52;
/** Characters of a key by which it is found: as many again stay unknown to who sees them. */
export const KEY_PREFIX_LENGTH = 12;

/** Crockford's base 32: no i, l, o or u, so that an id read aloud or from paper is not misread. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 14;

/** Drawn ahead: a call of the system for each of a million ids takes longer than all else about them. */
const pool = Buffer.alloc(4096 * RANDOM_CHARACTERS);
let drawn = pool.length;

/**
 * A new id, such as `trial_01m3qk6x8c9v2n4t7w0b5d1f`: 50 bits of milliseconds since 1970, then 70 random bits.
 * Time comes first so that new ids land at the end of their index instead of all over it.
 */
export function newId(prefix: IdPrefix, now: number = Date.now()): string {
  let time = '';
  for (let rest = now, i = 0; i < TIME_CHARACTERS; i++, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time;
  return `${prefix}_${time}${randomText(RANDOM_CHARACTERS)}`;
}

/** A new secret key, such as `ork_7m3k…`: 260 random bits. */
export function newSecretKey(): string {
  return `ork_${randomText(RANDOM_CHARACTERS_OF_KEY)}`;
}

function randomText(length: number): string {
  if (drawn + length > pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  let text = '';
  for (const end = drawn + length; drawn < end; drawn++) text += ALPHABET[pool[drawn]! & 31];
  return text;
}
