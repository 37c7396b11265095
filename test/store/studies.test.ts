// Studies and trials: what is written is read back, counted, paged and never changed after the end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, NewTrial } from '../../store/types.js';
import { completed, makeStudy, running, temporaryStore, value } from './temporary-store.js';

describe('trials', () => {
  it('come back as they were written, whatever JSON they hold', async () => {
    const { store } = temporaryStore();
    const study = await makeStudy(store);
    const x = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }), {
      noNullPrototype: true,
    });
    const trial = fc.record({ x, y: fc.double({ noNaN: true, min: -1e30, max: 1e30 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(trial, { maxLength: 5 }), async (trials) => {
        const rows = trials.map((t) => ({ ...completed(0, t.y), x: t.x as JsonObject }));
        const written = value(await store.createTrials(study.id, rows));
        const read = await Promise.all(written.map(({ id }) => store.getTrial(study.id, id)));
        expect(read).toEqual(written);
        expect(read.map((t) => JSON.stringify([t?.x, t?.y]))).toEqual(rows.map((t) => JSON.stringify([t.x, t.y])));
      }),
      { numRuns: 50 },
    );
  });

  it('bump the version and the counts of their study', async () => {
    const { store } = temporaryStore();
    const study = await makeStudy(store);
    const failed: NewTrial = { ...running(3), status: 'infeasible', infeasibleReason: 'melted' };
    const trials = value(await store.createTrials(study.id, [completed(1), running(2), failed]));
    expect(await store.getStudy(study.id)).toMatchObject({
      version: 1,
      counts: { completed: 1, running: 1, infeasible: 1 },
    });
    await store.finishTrial(study.id, trials[1]!.id, { status: 'completed', y: [7] });
    expect(await store.getStudy(study.id)).toMatchObject({
      version: 2,
      counts: { completed: 2, running: 0, infeasible: 1 },
    });
  });

  it('end once', async () => {
    const { store } = temporaryStore();
    const study = await makeStudy(store);
    const [trial] = value(await store.createTrials(study.id, [running(1)]));
    const ended = value(await store.finishTrial(study.id, trial!.id, { status: 'infeasible', reason: 'too hot' }));
    expect(ended).toMatchObject({ status: 'infeasible', infeasibleReason: 'too hot', completedAt: expect.any(Date) });
    expect(await store.getTrial(study.id, trial!.id)).toEqual(ended);
    const again = store.finishTrial(study.id, trial!.id, { status: 'completed', y: [1] });
    await expect(again).rejects.toMatchObject({ code: 'trial_already_finished' });
    expect(await store.getTrial(study.id, trial!.id)).toEqual(ended);
  });

  it('belong to one study only', async () => {
    const { store } = temporaryStore();
    const [mine, other] = [await makeStudy(store), await makeStudy(store)];
    const [trial] = value(await store.createTrials(mine.id, [running(1)]));
    expect(await store.getTrial(other.id, trial!.id)).toBeNull();
    const finish = store.finishTrial(other.id, trial!.id, { status: 'completed', y: [1] });
    await expect(finish).rejects.toMatchObject({ code: 'trial_not_found' });
    await expect(store.createTrials('study_none', [])).rejects.toMatchObject({ code: 'study_not_found' });
  });

  it('are one transaction: a row that fails takes the others with it', async () => {
    const { store } = temporaryStore();
    const study = await makeStudy(store);
    // The database itself refuses a completed trial without a measurement.
    const impossible = { ...completed(2), y: null };
    await expect(store.createTrials(study.id, [completed(1), impossible])).rejects.toThrow(/CHECK/);
    expect((await store.listTrials(study.id, { limit: 10, order: 'asc' })).data).toEqual([]);
    expect(await store.getStudy(study.id)).toMatchObject({ version: 0 });
  });
});

describe('lists', () => {
  it.each(['asc', 'desc'] as const)('page through everything once, %s', async (order) => {
    const { store } = temporaryStore();
    const study = await makeStudy(store);
    await store.createTrials((await makeStudy(store)).id, [completed(99)]);
    const trials = Array.from({ length: 25 }, (_, i) => (i % 3 === 0 ? running(i) : completed(i)));
    const ids = value(await store.createTrials(study.id, trials)).map((t) => t.id);
    const seen: string[] = [];
    for (let after: string | undefined; ; after = seen.at(-1)) {
      const page = await store.listTrials(study.id, { limit: 7, order, ...(after === undefined ? {} : { after }) });
      seen.push(...page.data.map((t) => t.id));
      if (!page.hasMore) break;
    }
    expect(seen).toEqual(order === 'asc' ? ids : ids.reverse());
    const waiting = await store.listTrials(study.id, { limit: 100, order }, { status: 'running' });
    expect(waiting.data.map((t) => t.x.level).sort((a, b) => Number(a) - Number(b))).toEqual([
      0, 3, 6, 9, 12, 15, 18, 21, 24,
    ]);
  });

  it('refuse a cursor of another list', async () => {
    const { store } = temporaryStore();
    const [mine, other] = [await makeStudy(store), await makeStudy(store)];
    const [trial] = value(await store.createTrials(other.id, [completed(1)]));
    const page = store.listTrials(mine.id, { limit: 1, order: 'asc', after: trial!.id });
    await expect(page).rejects.toMatchObject({ code: 'cursor_not_found', subject: trial!.id });
  });

  it('find studies by name', async () => {
    const { store } = temporaryStore();
    const named = value(await store.createStudy({ name: 'κράμα 718', metadata: {}, objectives: [{ name: 'y' }] }));
    await makeStudy(store);
    const found = await store.listStudies({ limit: 10, order: 'desc' }, { name: 'κράμα 718' });
    expect(found).toEqual({ data: [named], hasMore: false });
  });
});

it('finished trials come in the order they were finished in, and a prefix of them never changes', async () => {
  const { store } = temporaryStore();
  const study = await makeStudy(store);
  const [slow, ...quick] = value(await store.createTrials(study.id, [running(1), completed(2), completed(3)]));
  const before = await store.finishedTrials(study.id, { limit: 100 });
  expect(before.map((t) => t.x.level)).toEqual([2, 3]);
  expect(before.map((t) => t.id)).toEqual(quick.map((t) => t.id));
  const until = before.at(-1)!.finishSeq;
  // The trial with the lowest row is finished last.
  await store.finishTrial(study.id, slow!.id, { status: 'completed', y: [1] });
  expect(await store.finishedTrials(study.id, { until, limit: 100 })).toEqual(before);
  const rest = await store.finishedTrials(study.id, { after: until, limit: 100 });
  expect(rest.map((t) => t.x.level)).toEqual([1]);
});

it('what was measured is read without parameters, and trials by their place in the order of finish', async () => {
  const { store } = temporaryStore();
  const study = await makeStudy(store, ['loss', 'seconds']);
  const other = await makeStudy(store);
  const rows = Array.from({ length: 22_000 }, (_, i): NewTrial => {
    const trial = completed(i);
    return i % 10 === 3
      ? { ...trial, status: 'infeasible', y: null, infeasibleReason: null }
      : { ...trial, y: [i / 3, 1 - i] };
  });
  await store.createTrials(study.id, rows.slice(0, 15_000));
  await store.createTrials(other.id, [completed(1)]);
  await store.createTrials(study.id, rows.slice(15_000));
  const until = 21_500;
  const { finishSeqs, y } = await store.outcomes(study.id, until);
  // The other study's trial took one of the numbers.
  expect(finishSeqs).toHaveLength(until - 1);
  const measured = rows.slice(0, until - 1);
  expect(y.map((values) => Array.from(values))).toEqual(
    [0, 1].map((objective) => measured.map((trial) => trial.y?.[objective] ?? Number.NaN)),
  );
  const positions = [20_900, 3, 0, 14_999, 15_000];
  const read = await store.trialsAt(
    study.id,
    positions.map((position) => finishSeqs[position]!),
  );
  expect(read.map(({ x, y }) => [x.level, y])).toEqual(positions.map((p) => [p, rows[p]!.y]));
  await expect(store.trialsAt(other.id, [finishSeqs[0]!])).rejects.toMatchObject({ code: 'trial_not_found' });
  await expect(store.outcomes('study_none', 1)).rejects.toMatchObject({ code: 'study_not_found' });
  expect((await store.outcomes(other.id, 0)).y).toEqual([new Float64Array(0)]);
});

it('gives pages of bounded text, and goes on behind them to the last one', async () => {
  const { store } = temporaryStore();
  const study = await makeStudy(store);
  const text = 'x'.repeat(900_000);
  for (let level = 0; level < 50; level++)
    await store.createTrials(study.id, [{ ...completed(level), metadata: { text } }]);
  const levels: unknown[] = [];
  const sizes: number[] = [];
  for (let after: { after?: string } = {}; ; ) {
    const page = await store.listTrials(study.id, { limit: 1000, order: 'asc', ...after });
    levels.push(...page.data.map(({ x }) => x.level));
    sizes.push(page.data.length);
    if (!page.hasMore) break;
    after = { after: page.data.at(-1)!.id };
  }
  expect(levels).toEqual(Array.from({ length: 50 }, (_, level) => level));
  expect(sizes.length).toBeGreaterThan(2);
  expect(Math.max(...sizes) * text.length).toBeLessThan(18_000_000);
  // One that is larger by itself is a page all the same.
  const latest = await store.finishedTrials(study.id, { limit: 9, characters: 1, order: 'desc' });
  expect(latest.map(({ x }) => x.level)).toEqual([49]);
  const few = await store.finishedTrials(study.id, { limit: 9, characters: 60, order: 'desc' });
  expect(few.map(({ x }) => x.level)).toEqual([49, 48]);
});
