// Random JSON for property tests: keys and strings that try to look like tokens, numbers of all sizes.
import fc from 'fast-check';
import type { JsonValue } from '../../tokenizer/serialize.js';

/** Strings with brackets, token names, emoji, right-to-left text and combining marks in them. */
export const trickyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom('⟨', '⟩', '⟨\\', '<', '\\', '⟨s⟩', '⟨/s⟩', '⟨+⟩⟨E3⟩', '<pad>', '</s>', '<unk>', '⟨x⟩', '⟨cut⟩'),
      fc.constantFrom(
        'learning_rate',
        'maxDepth',
        '65537',
        'true',
        ' ',
        '\n',
        '🎉',
        'مرحبا',
        'é',
        'e\u0301',
        '1e5',
        '',
      ),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''));

/** Numbers with at most 7 significant digits, which the canonical text keeps whole. */
export const shortNumber: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -9_999_999, max: 9_999_999 }).map(Number),
  fc
    .tuple(fc.integer({ min: 1_000_000, max: 9_999_999 }), fc.integer({ min: -300, max: 300 }))
    .map(([mantissa, exponent]) => Number(`${mantissa}e${exponent}`)),
);

export const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    shortNumber,
    trickyText,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(trickyText, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;

export const jsonObject: fc.Arbitrary<{ [key: string]: JsonValue }> = fc.dictionary(trickyText, jsonValue, {
  maxKeys: 6,
  noNullPrototype: true,
});

/** What the canonical text keeps of a value: strings in NFC, and no negative zero. */
export function canonical(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.normalize('NFC');
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.normalize('NFC'), canonical(item)]));
}

/** The same value with the keys of every object the other way round. */
export function reordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reordered(item)]),
  );
}

/** Whether no object has two keys that are one in NFC; those have no single value to read back. */
export function keysDistinct(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.every(keysDistinct);
  if (value === null || typeof value !== 'object') return true;
  const keys = Object.keys(value).map((key) => key.normalize('NFC'));
  return new Set(keys).size === keys.length && Object.values(value).every(keysDistinct);
}
