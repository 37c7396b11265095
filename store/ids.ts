// Ids: a prefix that tells the kind, then 24 characters that sort by time of creation.
import { randomBytes } from 'node:crypto';

export type IdPrefix = 'study' | 'trial' | 'model' | 'ftjob' | 'eval' | 'key';

const RANDOM_CHARACTERS_OF_KEY = 52;
/** Characters of a key by which it is found: as many again stay unknown to who sees them. */
export const KEY_PREFIX_LENGTH = 12;

/** Crockford's base 32: no i, l, o or u, so that an id read aloud or from paper is not misread. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 14;

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
  let text = '';
  for (const byte of randomBytes(length)) text += ALPHABET[byte & 31];
  return text;
}
