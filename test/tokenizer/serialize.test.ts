// Canonical text: the examples of its documentation, one text per value and one value per text, bad input.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageFile } from '../../tokenizer/package-root.js';
import {
  escapeText,
  type JsonValue,
  MAX_DEPTH,
  serialize,
  serializeEntries,
  unescapeText,
} from '../../tokenizer/serialize.js';
import { canonical, jsonObject, jsonValue, keysDistinct, reordered, trickyText } from './arbitrary-json.js';
import { parseSerialized } from './parse-serialized.js';

describe('serialize', () => {
  it('writes the examples in docs/serialization.md', () => {
    const documentation = readFileSync(packageFile('docs', 'serialization.md'), 'utf8');
    const examples = [...documentation.matchAll(/^\| `(.+?)` \| `(.+?)` \|$/gm)];
    expect(examples.length).toBeGreaterThan(10);
    for (const [, json, text] of examples) expect(serialize(JSON.parse(json!))).toBe(text);
  });

  it('can be read back: different values have different texts', () => {
    fc.assert(
      fc.property(jsonValue.filter(keysDistinct), (value) => {
        expect(parseSerialized(serialize(value))).toEqual(canonical(value));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(serialize(reordered(value))).toBe(serialize(value));
      }),
    );
  });

  it('gives an object as its entries, in order of the code points of the keys', () => {
    fc.assert(
      fc.property(jsonObject, (object) => {
        expect(`⟨object⟩${serializeEntries(object).join('')}⟨/object⟩`).toBe(serialize(object));
      }),
    );
    const keys = ['b', 'B', 'é', '\u{1F389}', '\uFFFD', 'a', 'aa', ''];
    const entries = serializeEntries(Object.fromEntries(keys.map((key) => [key, null])));
    expect(entries.map((entry) => entry.replace('⟨null⟩', ''))).toEqual(
      keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  it('keeps null, drops undefined, and tells strings from what they look like', () => {
    const absent = { a: 1, b: undefined } as unknown as { [key: string]: JsonValue };
    expect(serialize(absent)).toBe(serialize({ a: 1 }));
    const texts = [null, 'null', true, 'true', 5, '5', [5], {}, [], '', ' '].map(serialize);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('tells neighbouring integers apart up to seven digits', () => {
    expect(serialize(65537)).not.toBe(serialize(65538));
    expect(serialize(9_999_999)).not.toBe(serialize(9_999_998));
    expect(serialize(1e300)).not.toBe(serialize(1e299));
  });

  it('treats canonically equal text as equal, even in keys, whatever their order', () => {
    expect(serialize('e\u0301')).toBe(serialize('é'));
    expect(serialize({ é: 1, 'e\u0301': 2 })).toBe(serialize({ 'e\u0301': 2, é: 1 }));
  });

  it('replaces lone surrogates and keeps paired ones', () => {
    expect(serialize('a\uD800b')).toBe('⟨s⟩a\uFFFDb⟨/s⟩');
    expect(serialize('\uDC00')).toBe('⟨s⟩\uFFFD⟨/s⟩');
    expect(serialize('🎉')).toBe('⟨s⟩🎉⟨/s⟩');
  });

  it('names the place of what has no text', () => {
    const bad: [unknown, string, RegExp][] = [
      [{ a: [1, Number.NaN] }, 'NUMBER_NOT_FINITE', /a\[1\]: expected a finite number, got NaN/],
      [Number.POSITIVE_INFINITY, 'NUMBER_NOT_FINITE', /the value: /],
      [{ a: { b: 1n } }, 'VALUE_NOT_JSON', /a\.b: a bigint/],
      [[() => 1], 'VALUE_NOT_JSON', /\[0\]: a function/],
      [undefined, 'VALUE_NOT_JSON', /undefined/],
      [{ when: new Date(0) }, 'VALUE_NOT_JSON', /when: a Date/],
      [{ m: new Map() }, 'VALUE_NOT_JSON', /m: a Map/],
    ];
    for (const [value, code, message] of bad) {
      expect(() => serialize(value as JsonValue)).toThrow(expect.objectContaining({ code }));
      expect(() => serialize(value as JsonValue)).toThrow(message);
    }
  });

  it('limits depth instead of overflowing the stack', () => {
    const nested = (depth: number): JsonValue => (depth === 0 ? [] : [nested(depth - 1)]);
    expect(serialize(nested(MAX_DEPTH - 1))).toContain('⟨array⟩');
    expect(() => serialize(nested(MAX_DEPTH))).toThrow(expect.objectContaining({ code: 'VALUE_TOO_DEEP' }));
  });
});

describe('escapeText', () => {
  it('is undone by unescapeText and leaves no bracket that could open a token', () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const escaped = escapeText(text);
        expect(unescapeText(escaped)).toBe(text.normalize('NFC'));
        expect(escaped).not.toMatch(/[⟨<](?!\\)/);
      }),
      { numRuns: 500 },
    );
  });
});
