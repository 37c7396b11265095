// Batches: what is laid out where, and that a run's batches depend on its number alone.
import { describe, expect, it } from 'vitest';
import { chooseLengths, divideIntoRuns, placeWeights, stackBatches, trainingBatches } from '../../trainer/batches.js';
import { type Example, renderPrompt } from '../../trainer/prompt.js';
import { Random } from '../../trainer/random.js';
import { DEFAULT_TRAIN_CONFIG } from '../../trainer/train-config.js';

const example = (n: number, length: number): Example => ({
  evidence: [[500, 501], [502]],
  metadata: [600],
  x: Array.from({ length }, () => 700 + n),
  relative: [10, 11, 12, 13],
  absolute: [20, 21],
});
const examples = Array.from({ length: 40 }, (_, i) => example(i, i < 20 ? 3 : 30));
const options = { decoderSteps: 7, firstToken: 3, config: { drop_piece: 0, drop_all: 0, place_decay: 0.5 } };
const config = { ...DEFAULT_TRAIN_CONFIG, batch_size: 4, run_steps: 3, seed: 9 };

describe('batches', () => {
  it('weigh each place half as much as the one before, and every example alike', () => {
    expect(placeWeights(4, 0.5)).toEqual([8 / 15, 4 / 15, 2 / 15, 1 / 15]);
    const { weights } = stackBatches(examples.slice(0, 4), { batch: 4, length: 16, steps: 7 }, options);
    for (let i = 0; i < 4; i++) expect(weights.slice(7 * i, 7 * i + 7).reduce((a, b) => a + b, 0)).toBeCloseTo(0.25, 6);
  });

  it('shift targets right behind the start token and count them from the first number token', () => {
    const { inputIds, decoderIds, targets } = stackBatches(
      examples.slice(5, 6),
      { batch: 1, length: 16, steps: 7 },
      options,
    );
    const prompt = renderPrompt(examples[5]!);
    expect([...inputIds]).toEqual([...prompt, ...new Array(16 - prompt.length).fill(0)]);
    expect([...decoderIds]).toEqual([0, 10, 11, 12, 13, 0, 0]);
    expect([...targets]).toEqual([7, 8, 9, 10, 0, 0, 0]);
  });

  it('show an example without evidence on the absolute scale', () => {
    const dropping = { ...options, config: { ...options.config, drop_all: 1 } };
    const { inputIds, targets } = stackBatches(
      [examples[0]!],
      { batch: 1, length: 16, steps: 7 },
      dropping,
      new Random(1),
    );
    expect([...inputIds]).not.toContain(500);
    expect([...targets]).toEqual([17, 18, 0, 0, 0, 0, 0]);
  });

  it('compile few lengths, each as short as its prompts allow', () => {
    expect(chooseLengths(examples)).toEqual([16, 40]);
  });

  it('show every example of a window as often as any other, prompts of like length together', () => {
    const runs = divideIntoRuns(examples, [16, 40], 7, 10, new Random(5));
    expect(runs).toHaveLength(7);
    for (const { length, examples: chosen } of runs) {
      expect(chosen).toHaveLength(10);
      const longest = Math.max(...chosen.map((e) => renderPrompt(e).length));
      expect(length).toBe(longest <= 16 ? 16 : 40);
    }
    const times = examples.map((e) => runs.flatMap((r) => r.examples).filter((other) => other === e).length);
    expect(new Set(times)).toEqual(new Set([1, 2]));
    // 35 of 70 are short in expectation: three or four runs of ten, and what is left over goes to the next length.
    expect(runs.filter((r) => r.length === 16).length).toBeGreaterThanOrEqual(2);
  });

  it('take a longer prompt than any that the lengths were chosen on at a length of its own', () => {
    const long = example(99, 100);
    const runs = divideIntoRuns([...examples.slice(0, 9), long], [16, 40], 1, 10, new Random(5));
    expect(runs.map((r) => r.length)).toEqual([128]);
  });

  it('are the same for the same seed and slot, and for another run drop other evidence', () => {
    const divided = () => divideIntoRuns(examples, [16, 40], 2, 12, new Random(5));
    expect(divided()).toEqual(divided());
    expect(divideIntoRuns(examples, [16, 40], 2, 12, new Random(6))).not.toEqual(divided());
    const dropping = { ...options, config: { ...options.config, drop_piece: 0.5 } };
    const [run] = divided();
    const first = trainingBatches(run!, 3, config, dropping);
    expect(trainingBatches(run!, 3, config, dropping)).toEqual(first);
    expect(trainingBatches(run!, 4, config, dropping)).not.toEqual(first);
    expect(first.shape).toEqual({ batch: 4, length: run!.length, steps: 7 });
  });
});
