// Cross-fitted scores of a growing study: what is asked, what is kept, and that the way it grew makes no difference.
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { Tokenizer } from '../../../tokenizer/tokenizer.js';
import type { Distribution } from '../../../trainer/distribution.js';
import type { Difficulty } from '../../../trainer/evidence.js';
import { CROSS_FIT_DEFAULTS, CrossFit, type Kept } from '../../../trainer/prediction/cross-fit.js';
import type { Answer } from '../../../trainer/prediction/questions.js';
import { PromptEncoder } from '../../../trainer/prompt.js';
import { Random } from '../../../trainer/random.js';
import type { Trial } from '../../../trainer/types.js';
import { normalHistogram } from '../distributions.js';

let encoder: PromptEncoder;
beforeAll(async () => {
  encoder = new PromptEncoder(await Tokenizer.load(), { max_prompt: 384, max_metadata: 96 });
});

const STUDY = { id: 's', metadata: {}, objective: { name: 'loss' } };

/** Every seventh fails. */
function trialsOf(count: number, seed = 1): Trial[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => {
    const a = random.uniform();
    return { x: { a, place: i }, y: i % 7 === 3 ? null : a * a + 0.1 * random.normal() };
  });
}

/** Stands for a model: what it says depends on the whole prompt, and so on every trial that the evidence was fitted on. */
class Model {
  asked = 0;
  calls = 0;
  failing = false;

  readonly answer: Answer = async ({ prompts }) => {
    this.calls++;
    if (this.failing) throw new Error('out of memory');
    this.asked += prompts.length;
    return prompts.map((prompt): Distribution => {
      const digest = createHash('sha256').update(JSON.stringify(prompt)).digest();
      return normalHistogram(digest.readUInt32LE() / 2 ** 32, 1, 0, 20);
    });
  };

  crossFit(options: Partial<typeof CROSS_FIT_DEFAULTS> = {}, kept?: Kept): CrossFit<{ y: number; median: number }> {
    const score = (distribution: Distribution, y: number) => ({ y, median: distribution.median });
    return new CrossFit(STUDY, undefined, encoder, this.answer, score, { ...CROSS_FIT_DEFAULTS, ...options }, kept);
  }
}

const measured = (trials: readonly Trial[]) => trials.filter(({ y }) => y !== null).length;

describe('cross-fitted scores', () => {
  it('are those of the measured trials in their order, from the third on', async () => {
    const crossFit = new Model().crossFit();
    const trials = trialsOf(30);
    const third = trials.findIndex((_, i) => measured(trials.slice(0, i + 1)) === 3) + 1;
    expect(await crossFit.scores(trials.slice(0, third - 1))).toEqual([]);
    const scores = await crossFit.scores(trials);
    expect(scores.map(({ y }) => y)).toEqual(trials.flatMap(({ y }) => (y === null ? [] : [y])));
  });

  it('are the same whether trials came one by one, in bunches, or all at once after a restart', async () => {
    const trials = trialsOf(42);
    const [single, bunches] = [new Model().crossFit(), new Model().crossFit()];
    for (let n = 0; n <= 42; n++) {
      const grown = await single.scores(trials.slice(0, n));
      const bunched = n % 11 === 9 || n === 42 ? await bunches.scores(trials.slice(0, n)) : undefined;
      if (bunched) expect(bunched).toEqual(grown);
      if (n % 8 === 2 || n === 42) expect(await new Model().crossFit().scores(trials.slice(0, n))).toEqual(grown);
    }
  }, 60_000);

  it('ask about a few trials for each that arrives, and about nothing where none has', async () => {
    const model = new Model();
    const crossFit = model.crossFit();
    const trials = trialsOf(60);
    for (let n = 1; n <= 60; n++) await crossFit.scores(trials.slice(0, n));
    // One for the new trial and 1/(growth − 1) = 4 for fits renewed; the sizes are whole numbers, so a little more early on.
    expect(model.asked).toBeLessThan(6 * measured(trials));
    const before = model.calls;
    await crossFit.scores(trials.map((trial) => structuredClone(trial)));
    expect(model.calls).toBe(before);
  }, 60_000);

  it('never show a trial its own y: changing it changes the answers about others, and none about it', async () => {
    const trials = trialsOf(25);
    const scores = await new Model().crossFit().scores(trials);
    const kept = trials.flatMap((trial, place) => (trial.y === null ? [] : [place]));
    for (const at of [0, 7, kept.length - 1]) {
      const changed = trials.map((trial, place) => (place === kept[at] ? { ...trial, y: trial.y! + 1000 } : trial));
      const again = await new Model().crossFit().scores(changed);
      expect(again[at]!.median).toBe(scores[at]!.median);
      // Of the others, those whose evidence it belongs to see it.
      if (at === 0) expect(again.filter(({ median }, i) => median !== scores[i]!.median).length).toBeGreaterThan(5);
    }
  }, 60_000);

  it('see how difficult the evidence of others makes a trial, whatever its own y', async () => {
    const trials = trialsOf(25);
    const difficulties = async (some: readonly Trial[]) => {
      const score = (_: Distribution, __: number, difficulty?: Difficulty) => difficulty;
      return new CrossFit(STUDY, undefined, encoder, new Model().answer, score).scores(some);
    };
    const before = await difficulties(trials);
    const [first] = trials.flatMap((trial, place) => (trial.y === null ? [] : [place]));
    const after = await difficulties(trials.map((trial, place) => (place === first ? { ...trial, y: 1000 } : trial)));
    expect(before[0]!.neighbours).toBeGreaterThan(0);
    expect(after[0]).toEqual(before[0]);
    expect(after.filter((one, i) => one!.forest !== before[i]!.forest).length).toBeGreaterThan(5);
  }, 60_000);

  it('are asked anew from the first trial that differs', async () => {
    const trials = trialsOf(40);
    const model = new Model();
    const crossFit = model.crossFit();
    await crossFit.scores(trials);
    const changed = trials.map((trial, place) => (place === 20 ? { ...trial, y: 5 } : trial));
    expect(await crossFit.scores(changed)).toEqual(await new Model().crossFit().scores(changed));
    expect(await crossFit.scores(trials.slice(0, 30))).toEqual(
      await new Model().crossFit().scores(trials.slice(0, 30)),
    );
  }, 60_000);

  it('are taken up again by the next process, and only what is new since is asked', async () => {
    let text: string | undefined;
    const kept: Kept = {
      read: () => text,
      write: (written) => {
        text = written;
      },
    };
    const trials = trialsOf(60);
    for (const n of [9, 30, 54]) await new Model().crossFit({}, kept).scores(trials.slice(0, n));
    const anew = new Model();
    const expected = await anew.crossFit().scores(trials);
    const same = new Model();
    expect(await same.crossFit({}, kept).scores(trials.slice(0, 54))).toHaveLength(measured(trials.slice(0, 54)));
    expect(same.asked).toBe(0);
    const grown = new Model();
    expect(await grown.crossFit({}, kept).scores(trials)).toEqual(expected);
    expect(grown.asked).toBeLessThan(anew.asked);
    // Of other trials nothing is believed.
    const changed = trials.map((trial, place) => (place === 0 ? { ...trial, y: 5 } : trial));
    const other = new Model();
    expect(await other.crossFit({}, kept).scores(changed)).toEqual(await new Model().crossFit().scores(changed));
    expect(other.asked).toBe(anew.asked);
  }, 60_000);

  it('stay bounded for a study of thousands, and few are new when it has grown', async () => {
    const trials = trialsOf(3000, 2);
    const model = new Model();
    const crossFit = model.crossFit({ mostAnswers: 60, mostContext: 30 });
    const scores = await crossFit.scores(trials.slice(0, 2900));
    expect(scores.length).toBeLessThanOrEqual(60 * 1.4);
    expect(scores.length).toBeGreaterThan(30 * 0.6);
    const before = model.asked;
    await crossFit.scores(trials);
    expect(model.asked - before).toBeLessThanOrEqual(0.5 * scores.length);
  }, 60_000);

  it('are asked again after the model has failed, and by one call at a time', async () => {
    const trials = trialsOf(20);
    const model = new Model();
    const crossFit = model.crossFit();
    model.failing = true;
    await expect(crossFit.scores(trials)).rejects.toThrow('out of memory');
    model.failing = false;
    const [one, two] = await Promise.all([crossFit.scores(trials), crossFit.scores(trials)]);
    expect(one).toEqual(two);
    expect(model.asked).toBe(measured(trials));
  });
});
