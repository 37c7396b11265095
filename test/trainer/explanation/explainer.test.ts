// Explanations of a model that is known in closed form: what they say can be worked out by hand.
import { describe, expect, it } from 'vitest';
import { Explainer } from '../../../trainer/explanation/explainer.js';
import { EXPLANATION_PARTS, type ExplanationPart } from '../../../trainer/explanation/types.js';
import type { JsonObject } from '../../../trainer/types.js';
import { costOf, KnowingModel, study } from './fixtures.js';

const gzip = { algorithm: 'gzip', level: 6, window: 15, chunk: 4096 };
const brotli = { algorithm: 'brotli', quality: 5, window: 22, chunk: 4096 };
const all = { queries: [gzip, brotli], include: EXPLANATION_PARTS };

async function explain(
  of = study(120),
  model = new KnowingModel(),
  parts: readonly ExplanationPart[] = EXPLANATION_PARTS,
) {
  return new Explainer(model).explain({ study: of, queries: [gzip, brotli], include: parts });
}

describe('effects', () => {
  it('are what the model says with one parameter changed', async () => {
    const { explanations } = await explain();
    const [first, second] = explanations;
    expect(first!.median).toBeCloseTo(costOf(gzip), 9);
    expect(first!.quartiles).toEqual({ lower: costOf(gzip) - 0.5, upper: costOf(gzip) + 0.5 });
    const level = first!.effects![0]!;
    expect(level).toMatchObject({ parameter: 'level', direction: 'falls', size: expect.closeTo(36, 6), warnings: [] });
    for (const { value, median, current } of level.points) {
      expect(median).toBeCloseTo(costOf({ ...gzip, level: value as number }), 6);
      expect(current).toBe(value === 6);
    }
    expect(level.points.map(({ value }) => value)).toEqual([0, 1, 3, 5, 6, 8, 9]);
    expect(second!.effects!.find(({ parameter }) => parameter === 'quality')!.size).toBeCloseTo(33, 6);
    const chunk = first!.effects!.find(({ parameter }) => parameter === 'chunk')!;
    expect(chunk).toMatchObject({ direction: 'flat', size: 0 });
    const sizes = first!.effects!.map(({ size }) => size);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  it('bring along what another category needs, and take away what it cannot have', async () => {
    const { explanations } = await explain();
    const [first, second] = explanations.map(
      ({ effects }) => effects!.find(({ parameter }) => parameter === 'algorithm')!,
    );
    const toBrotli = first!.points.find(({ value }) => value === 'brotli')!;
    expect(toBrotli).toMatchObject({ removed: ['level'], set: { quality: expect.any(Number) } });
    expect(toBrotli.median).toBeCloseTo(costOf({ algorithm: 'brotli', ...toBrotli.set, window: 15 }), 6);
    const toGzip = second!.points.find(({ value }) => value === 'gzip')!;
    // 22 was never seen with gzip: the nearest that was.
    expect(toGzip).toMatchObject({ removed: ['quality'], set: { level: expect.any(Number), window: 15 } });
  });

  it('stay within what was seen with the rest, in this study or in others', async () => {
    const { explanations } = await explain();
    const window = (effects: (typeof explanations)[0]['effects']) => effects!.find((e) => e.parameter === 'window')!;
    const ofGzip = window(explanations[0]!.effects);
    expect(Math.max(...ofGzip.points.map(({ value }) => value as number))).toBe(15);
    expect(ofGzip.warnings).toEqual([
      expect.stringMatching(/^Values are left out: none of the \d+ trials with .*goes above 15\.$/),
    ]);
    expect(Math.max(...window(explanations[1]!.effects).points.map(({ value }) => value as number))).toBe(24);

    // Too few trials of its own to tell; those of others do.
    const few = study(12, 3);
    const alone = await explain(few);
    const model = new KnowingModel();
    model.others = study(300, 4).trials.map(({ x, y }) => ({ x, u: y! / 10 }));
    const helped = await explain(few, model);
    const highest = (result: typeof alone) =>
      Math.max(...window(result.explanations[0]!.effects).points.map(({ value }) => value as number));
    expect(highest(alone)).toBeGreaterThan(15);
    expect(highest(helped)).toBe(15);
  });

  it('ask the model about no more than the limits allow, and say what was left out', async () => {
    const model = new KnowingModel();
    const limits = { parameters: 2, points: 3 };
    const { explanations } = await new Explainer(model).explain({
      ...all,
      study: study(120),
      include: ['effects'],
      limits,
    });
    expect(model.asked).toBeLessThanOrEqual(2 * (1 + 2 * 4));
    expect(explanations[0]!.effects!.map(({ parameter }) => parameter)).toEqual(['level', 'algorithm']);
    expect(explanations[0]!.leftOut).toEqual([
      { parameter: 'window', reason: expect.stringContaining('matter more') },
      { parameter: 'chunk', reason: expect.stringContaining('matter more') },
    ]);
  });
});

describe('neighbours and prototypes', () => {
  it('are those of the embedding, with a similarity that counts pairs', async () => {
    const of = study(60);
    const { explanations } = await explain(of);
    const neighbours = explanations[0]!.neighbours!;
    const gap = (y: number) => Math.abs(y - costOf(gzip));
    const byCost = of.trials.map(({ y }) => gap(y!)).sort((a, b) => a - b);
    expect(gap(neighbours[0]!.y!)).toBeLessThanOrEqual(byCost[3]!);
    const similarities = neighbours.map(({ similarity }) => similarity!);
    expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
    expect(neighbours[0]!.differs).not.toContain('nothing');
    for (const { trial, x, y } of neighbours) expect(of.trials[trial]).toEqual({ x, y });
  });

  it('cover the study: every trial stands with one prototype', async () => {
    const of = study(100);
    const { prototypes, explanations, compared } = await explain(of);
    expect(prototypes!.reduce((sum, { trials }) => sum + trials, 0)).toBe(100);
    expect(compared).toEqual({ trials: 100, of: 100 });
    for (const { trial, x, y, yRange } of prototypes!) {
      expect(of.trials[trial]).toEqual({ x, y });
      expect(yRange!.low).toBeLessThanOrEqual(yRange!.median);
    }
    const own = prototypes![explanations[0]!.prototype!]!;
    expect(own.yRange!.low).toBeLessThanOrEqual(costOf(gzip) + 5);
    expect(own.yRange!.high).toBeGreaterThanOrEqual(costOf(gzip) - 5);
    // Cheap and dear ones lie apart in the embedding; what they share is told.
    const dearest = prototypes!.reduce((a, b) => (a.yRange!.median > b.yRange!.median ? a : b));
    expect(dearest.shared).toContainEqual({
      parameter: 'algorithm',
      categories: { values: ['gzip'], share: expect.any(Number), studyShare: expect.any(Number) },
    });
  });

  it('are computed once a trial, and for a study that grows only for what is new', async () => {
    const model = new KnowingModel();
    const explainer = new Explainer(model);
    const of = study(50);
    const ask = (s: typeof of) => explainer.explain({ study: s, queries: [gzip], include: ['neighbours'] });
    const first = await ask(of);
    const before = model.embedded;
    expect(before).toBeLessThanOrEqual(51);
    expect(await ask(of)).toEqual(first);
    expect(model.embedded).toBe(before);
    await ask({ ...of, trials: [...of.trials, { x: { ...gzip, chunk: 3 }, y: 1 }] });
    expect(model.embedded).toBe(before + 1);
  });

  it('look at a thousand trials of a larger study, nearly the same ones when it has grown', async () => {
    const model = new KnowingModel();
    const explainer = new Explainer(model);
    const of = study(3000);
    const ask = (s: typeof of) =>
      explainer.explain({ study: s, queries: [gzip], include: ['neighbours', 'prototypes'] });
    const { compared, prototypes } = await ask(of);
    expect(compared).toEqual({ trials: 1000, of: 3000 });
    expect(prototypes!.reduce((sum, { trials }) => sum + trials, 0)).toBe(1000);
    const before = model.embedded;
    await ask({ ...of, trials: [...of.trials, ...study(5, 9).trials] });
    expect(model.embedded - before).toBeLessThanOrEqual(5);
  });
});

describe('what lies outside of the study', () => {
  it('is told of each parameter', async () => {
    const queries: JsonObject[] = [
      { algorithm: 'zstd', level: 12, window: 15, colour: 'red' },
      { ...gzip, window: 22 },
    ];
    const { explanations } = await new Explainer(new KnowingModel()).explain({ ...all, study: study(120), queries });
    expect(explanations[0]!.warnings).toEqual([
      `'algorithm' zstd is new: the study has gzip, brotli.`,
      `'level' 12 is new: the study has 0 to 9.`,
      `'colour' red is new: no trial of the study has this parameter.`,
    ]);
    expect(explanations[0]!.leftOut).toContainEqual({ parameter: 'colour', reason: 'the study has never seen it' });
    expect(explanations[1]!.warnings).toEqual([expect.stringMatching(/^'window' 22 is new beside the rest: none of/)]);
    expect((await explain()).explanations.map(({ warnings }) => warnings)).toEqual([[], []]);
  });

  it('is everything where the study has no trials, and failed trials are told as failed', async () => {
    const empty = { ...study(1), trials: [] };
    const { explanations, prototypes } = await explain(empty);
    expect(prototypes).toEqual([]);
    expect(explanations[0]).toMatchObject({ neighbours: [], prototype: null, effects: [], median: costOf(gzip) });
    expect(explanations[0]!.leftOut).toHaveLength(4);
    expect(explanations[0]!.warnings).toHaveLength(1);

    const failing = study(40);
    const trials = failing.trials.map((trial, i) => (i % 2 ? trial : { ...trial, y: null }));
    const result = await explain({ ...failing, trials });
    expect(result.prototypes!.reduce((sum, { failed }) => sum + failed, 0)).toBe(20);
    const none = await explain({ ...failing, trials: trials.filter(({ y }) => y === null) });
    expect(none.prototypes![0]!.yRange).toBeNull();
  });
});
