// The one canonical text of JSON values, that the model reads x and metadata in. Grammar and examples: docs/serialization.md.
import { TokenizerError } from './errors.js';
import { inputNumberText } from './input-number.js';

/**
 * Version of this text, of the vocabulary and of the evidence layout; stored with every model. A model is only ever fed
 * text of the version it was trained with.
 */
export const SERIALIZATION_VERSION = 2;

/** Arrays and objects may be nested this deeply. */
export const MAX_DEPTH = 64;

/** Any JSON value. In objects a key whose value is `undefined` counts as absent. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/**
 * One text per key that is present, `key value`, in canonical order: by the code points of the key. Concatenated they
 * are the text of the object without its brackets; callers with a token budget drop whole entries.
 * @throws TokenizerError NUMBER_NOT_FINITE, VALUE_NOT_JSON, VALUE_TOO_DEEP
 */
export function serializeEntries(object: { [key: string]: JsonValue }): string[] {
  return entries(object, '', 1);
}

/**
 * The canonical text of a value. Equal values have equal texts whatever the order of their keys, and different values
 * different ones, up to what docs/serialization.md lists: 7 significant digits, NFC, lone surrogates, -0.
 * @throws TokenizerError NUMBER_NOT_FINITE, VALUE_NOT_JSON, VALUE_TOO_DEEP
 */
export function serialize(value: JsonValue): string {
  return valueText(value, '', 0);
}

/**
 * User text as it stands between tokens: well formed, in NFC, and with a backslash after each `⟨` and `<`, so that it
 * can never spell a token's name.
 */
export function escapeText(text: string): string {
  if (PLAIN_ASCII.test(text)) return text;
  return text.replace(LONE_SURROGATE, '\uFFFD').normalize('NFC').replace(TOKEN_OPENER, '$&\\');
}

/** Undoes the backslashes of `escapeText`. */
export function unescapeText(text: string): string {
  return text.replace(ESCAPED_OPENER, '$1');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII but `<`, the common case that needs no work.
const PLAIN_ASCII = /^[\x00-\x3b\x3d-\x7f]*$/;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const TOKEN_OPENER = /[⟨<]/g;
const ESCAPED_OPENER = /([⟨<])\\/g;

function valueText(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) {
        throw new TokenizerError('NUMBER_NOT_FINITE', `${place(path)}: expected a finite number, got ${value}`);
      }
      return inputNumberText(value);
    case 'string':
      return `⟨s⟩${escapeText(value)}⟨/s⟩`;
    case 'boolean':
      return value ? '⟨true⟩' : '⟨false⟩';
    case 'object':
      break;
    default:
      throw new TokenizerError('VALUE_NOT_JSON', `${place(path)}: a ${typeof value} has no JSON form; leave it out`);
  }
  if (value === null) return '⟨null⟩';
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind !== 'Object' && kind !== 'Array') {
    throw new TokenizerError(
      'VALUE_NOT_JSON',
      `${place(path)}: a ${kind} has no JSON form; write it as a string or number`,
    );
  }
  if (depth >= MAX_DEPTH) {
    throw new TokenizerError('VALUE_TOO_DEEP', `${place(path)}: nested more than ${MAX_DEPTH} deep; flatten it`);
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => valueText(item, `${path}[${index}]`, depth + 1));
    return `⟨array⟩${items.join('')}⟨/array⟩`;
  }
  return `⟨object⟩${entries(value, path, depth + 1).join('')}⟨/object⟩`;
}

function entries(object: object, path: string, depth: number): string[] {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({ key, text: escapeText(key), value }))
    .sort((a, b) => compareCodePoints(a.text, b.text) || compareCodePoints(a.key, b.key))
    .map(({ key, text, value }) => text + valueText(value, `${path}.${key}`, depth));
}

/** Order by code point; `<` on strings would put U+FFFF before U+10000's surrogates the wrong way round. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let index = 0;
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index += 1;
  if (index === length) return a.length - b.length;
  const [unitA, unitB] = [a.charCodeAt(index), b.charCodeAt(index)];
  const [highA, highB] = [isSurrogate(unitA), isSurrogate(unitB)];
  // Surrogates stand for code points above every single unit; between two of them the units' own order is right.
  return highA === highB ? unitA - unitB : highA ? 1 : -1;
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

const place = (path: string): string => (path === '' ? 'the value' : path.replace(/^\./, ''));
