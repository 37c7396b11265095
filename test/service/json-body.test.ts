// Reading bodies: JSON as it is, and for all else the place and the way out.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseJsonBody } from '../../service/json-body.js';

const bytes = (text: string) => new TextEncoder().encode(text);

it('reads any JSON, also behind a byte order mark', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
      expect(parseJsonBody(bytes(text))).toEqual(JSON.parse(text));
      expect(parseJsonBody(bytes(`\ufeff${text}`))).toEqual(JSON.parse(text));
    }),
  );
});

it('refuses anything else with invalid_json, and never otherwise', () => {
  const cut = fc.tuple(fc.json(), fc.nat(), fc.string()).map(([text, at, put]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + put + text.slice(place + 1);
  });
  fc.assert(
    fc.property(cut, (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        expect(() => parseJsonBody(bytes(text))).toThrow(
          expect.objectContaining({ code: 'invalid_json', status: 400 }),
        );
        return;
      }
      expect(parseJsonBody(bytes(text))).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

it.each([
  ['{"trials": [{"y": 1},\n {"y": NaN}]}', /line 2, column 8, at \/trials\/1\/y: JSON has no NaN\. .*infeasible/],
  ['{"y": -Infinity}', /at \/y: JSON has no -Infinity/],
  ['[1, inf]', /at \/1: JSON has no inf/],
  ["{'y': 1}", /line 1, column 2.*double quotes/],
  ['{"a": 1,}', /"," before the end/],
  ['{"a" 1}', /":" or "," is missing/],
  ['[1 2]', /at \/0: a "," is missing/],
  ['{"a": 1', /ends too early/],
  ['{"a": 01}', /at \/a: this is no JSON number/],
  ['{"a": 1.}', /no JSON number/],
  ['{a: 1}', /"a" is not JSON/],
  ['{1: 1}', /a key in double quotes/],
  ['{"a": 1}}', /follows the end/],
  ['// hi\n{}', /no comments/],
  ['{"a": "b', /not closed/],
  ['{"a/b": {"~": undefined}}', /at \/a~1b\/~0: "u" is not JSON/],
])('%s', (text, message) => expect(() => parseJsonBody(bytes(text))).toThrow(message));

it('refuses what is not UTF-8', () => {
  expect(() => parseJsonBody(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/not UTF-8/);
});

it('keeps "__proto__" a plain key', () => {
  const parsed = parseJsonBody(bytes('{"__proto__": {"polluted": true}}'));
  expect(Object.keys(parsed as object)).toEqual(['__proto__']);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});
