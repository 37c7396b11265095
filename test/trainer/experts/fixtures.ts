// Small made-up studies for the experts' tests: seeded, so that every run sees the same numbers.
import type { FeatureMatrix } from '../../../trainer/experts/expert.js';
import { Random } from '../../../trainer/random.js';
import type { JsonObject } from '../../../trainer/types.js';

export function matrix(rows: readonly (readonly number[])[], groups?: readonly number[]): FeatureMatrix {
  const columns = rows[0]?.length ?? 0;
  return {
    rows: rows.length,
    columns,
    values: Float64Array.from(rows.flat()),
    groups: Int32Array.from(groups ?? Array.from({ length: columns }, (_, j) => j)),
  };
}

/** `n` rows of `d` standard normal numbers. */
export function normalRows(n: number, d: number, seed: number): number[][] {
  const random = new Random(seed);
  return Array.from({ length: n }, () => Array.from({ length: d }, () => random.normal()));
}

/** A study with every kind of parameter, whose y depends on most of them, plus noise. */
export function mixedStudy(n: number, seed: number): { xs: JsonObject[]; y: number[] } {
  const random = new Random(seed);
  const xs: JsonObject[] = [];
  const y: number[] = [];
  for (let i = 0; i < n; i++) {
    const rate = 10 ** (-4 + 3 * random.uniform());
    const depth = 1 + random.integer(8);
    const kind = ['adam', 'sgd', 'lion'][random.integer(3)]!;
    const momentum = kind === 'sgd' ? random.uniform() : null;
    const augment = random.uniform() < 0.5;
    xs.push({
      rate,
      depth,
      optimizer: { kind, momentum },
      augment,
      note: `run ${i} of ${kind}`,
      sizes: [depth, 2 * depth],
    });
    y.push(
      Math.log10(rate) ** 2 +
        0.5 * depth +
        (kind === 'sgd' ? 2 * momentum! : 0) -
        (augment ? 1 : 0) +
        0.1 * random.normal(),
    );
  }
  return { xs, y };
}

export function meanAbsoluteError(predicted: ArrayLike<number>, truth: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += Math.abs(predicted[i]! - truth[i]!);
  return sum / truth.length;
}
