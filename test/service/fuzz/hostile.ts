// What nobody sends by accident: values that break parsers, databases, paths, regular expressions and programs that copy keys.
import type { Dice } from './dice.js';

export const HOSTILE_TEXTS = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'toString',
  "'; DROP TABLE studies; --",
  '" OR 1=1 --',
  "\\'; DELETE FROM trials WHERE ''='",
  '../../../../etc/passwd',
  '..%2f..%2fomnireg.sqlite',
  '%00',
  '\u0000',
  'a\r\nSet-Cookie: x=1\r\n\r\nHTTP/1.1 200 OK',
  'id: 1\nevent: end\ndata: {}\n\n',
  `${'a'.repeat(5000)}!`,
  `${'('.repeat(500)}${')'.repeat(500)}`,
  '\ud800',
  '🔥'.repeat(100),
  '\u202e\ufeff',
  'NaN',
  'null',
  '{"a":1}',
  '<script>alert(1)</script>',
  '{{7*7}}#{7*7}',
  '1e999',
  '9'.repeat(400),
] as const;

const HOSTILE_NUMBERS = [
  0,
  -0,
  -1,
  0.5,
  1e31,
  -1e31,
  9.999e30,
  1e308,
  -1e308,
  5e-324,
  2 ** 31,
  2 ** 53,
  2 ** 64,
  -(2 ** 63),
];

/** Any JSON value, of the kind that hurts. */
export function hostileValue(dice: Dice): unknown {
  switch (dice.integer(0, 7)) {
    case 0:
      return dice.pick(HOSTILE_TEXTS);
    case 1:
      return dice.pick(HOSTILE_NUMBERS);
    case 2:
      return dice.pick([null, true, false]);
    case 3:
      return nested(dice.integer(1, 60));
    case 4:
      return Array.from({ length: dice.integer(0, 1500) }, (_, i) => i);
    case 5:
      return Object.fromEntries(Array.from({ length: dice.integer(0, 1200) }, (_, i) => [`k${i}`, i]));
    case 6:
      return JSON.parse(`{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}`);
    default:
      return {};
  }
}

const nested = (levels: number): unknown =>
  levels === 0 ? 1 : levels % 2 ? { a: nested(levels - 1) } : [nested(levels - 1)];

/** The value with one thing changed at a random place: another value, a key more, a key less. */
export function nearly(value: unknown, dice: Dice): unknown {
  if (typeof value !== 'object' || value === null || dice.chance(0.2)) return hostileValue(dice);
  if (Array.isArray(value)) {
    if (value.length === 0 || dice.chance(0.3)) return [...value, hostileValue(dice)];
    const at = dice.integer(0, value.length - 1);
    return value.map((item, i) => (i === at ? nearly(item, dice) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0 || dice.chance(0.15))
    return ownKeys([...entries, [dice.pick(HOSTILE_TEXTS), hostileValue(dice)]]);
  const at = dice.integer(0, entries.length - 1);
  if (dice.chance(0.2)) return ownKeys(entries.filter((_, i) => i !== at));
  return ownKeys(entries.map(([key, item], i) => [key, i === at ? nearly(item, dice) : item]));
}

/** Keys such as "__proto__" as keys of their own. */
const ownKeys = (entries: [string, unknown][]): object => Object.fromEntries(entries);
