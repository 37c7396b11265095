// Batches: what is laid out where, and that a run's batches depend on its number alone.
import { describe, expect, it } from 'vitest';
import { bucketByLength, placeWeights, stackBatches, trainingBatches } from '../../trainer/batches.js';
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

  it('group prompts of like length, each in the shortest length that holds it', () => {
    const buckets = bucketByLength(examples);
    expect(buckets.map((b) => [b.length, b.examples.length])).toEqual([
      [16, 20],
      [40, 20],
    ]);
  });

  it('are the same for the same run and others for another; no example comes twice before all have come', () => {
    const buckets = bucketByLength(examples);
    const first = trainingBatches(buckets, 3, config, options);
    expect(trainingBatches(buckets, 3, config, options)).toEqual(first);
    expect(trainingBatches(buckets, 4, config, options)).not.toEqual(first);
    const { length } = first.shape;
    const seen = Array.from({ length: 12 }, (_, i) => first.inputIds[i * length + 7]);
    expect(new Set(seen).size).toBe(12);
  });
});
