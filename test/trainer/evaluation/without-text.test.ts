// What counts as free text, and that nothing else goes with it.
import { expect, it } from 'vitest';
import { withoutText } from '../../../trainer/evaluation/without-text.js';
import { memoryStudy } from '../../../trainer/study-source.js';
import type { JsonObject } from '../../../trainer/types.js';

const studyOf = (xs: JsonObject[], metadata: JsonObject = {}) =>
  memoryStudy({ id: 's', metadata, objective: { name: 'y' }, trials: xs.map((x, y) => ({ x, y })) });
const all = async (source: ReturnType<typeof studyOf>) =>
  (await source.read(Int32Array.from({ length: source.trials }, (_, i) => i))).map(({ x }) => x);

it('takes out strings that do not come back, and keeps categories, numbers and truth values', async () => {
  const xs = Array.from({ length: 40 }, (_, i) => ({
    title: `Paper ${i}`,
    colour: ['red', 'green', 'blue'][i % 3]!,
    // 19 different ones of 40: half of them come back.
    street: `street ${i % 19}`,
    size: i,
    cheap: i % 2 === 0,
    nothing: null,
  }));
  const { source, dropped } = await withoutText(studyOf(xs));
  expect(dropped).toEqual(['title']);
  expect(await all(source)).toEqual(xs.map(({ title: _, ...rest }) => rest));
});

it('takes out a parameter as a whole where one of its strings is long', async () => {
  const xs = [{ code: 'a'.repeat(51) }, { code: 'short' }, { code: 'b'.repeat(50) }];
  const { source } = await withoutText(studyOf(xs));
  expect(await all(source)).toEqual([{}, {}, {}]);
  const fits = await withoutText(studyOf([{ code: 'b'.repeat(50) }]));
  expect(fits.dropped).toEqual([]);
});

it('keeps few strings that are all different: nine are no text yet', async () => {
  const of = (count: number) => studyOf(Array.from({ length: count }, (_, i) => ({ name: `n${i}` })));
  expect((await withoutText(of(9))).dropped).toEqual([]);
  expect((await withoutText(of(10))).dropped).toEqual(['name']);
});

it('looks into objects and arrays, and tells a dot in a key from one between two', async () => {
  const xs = Array.from({ length: 20 }, (_, i) => ({
    'a.b': 'kept',
    a: { b: `text ${i}`, c: 1 },
    tags: [`tag ${i}`, { deep: `text ${i}` }, 7],
    only: { note: `text ${i}` },
    ['__proto__']: `text ${i}`,
    empty: {},
  }));
  const { source, dropped } = await withoutText(studyOf(xs));
  expect(dropped).toEqual(['__proto__', 'a.b', 'only.note', 'tags[]', 'tags[].deep']);
  expect(await all(source)).toEqual(xs.map(() => ({ 'a.b': 'kept', a: { c: 1 }, tags: [7], empty: {} })));
});

it('takes long strings out of metadata, and leaves the source as it was', async () => {
  const original = studyOf([{ x: 1 }], {
    title: 'Short',
    about: 'A long description of what was measured and of why',
    n: 3,
  });
  const before = JSON.stringify([original.metadata, await all(original)]);
  const { source, dropped } = await withoutText({
    ...original,
    metadata: { ...original.metadata, more: 'x'.repeat(60) },
  });
  expect(dropped).toEqual(['more']);
  expect(source.metadata).toEqual(original.metadata);
  expect(JSON.stringify([original.metadata, await all(original)])).toBe(before);
  expect(source.version).not.toBe(original.version);
});

it('works on a study without trials', async () => {
  expect((await withoutText(studyOf([]))).dropped).toEqual([]);
});
