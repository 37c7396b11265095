// Adafactor's graph against the paper's algorithms written in plain loops, and what its factors promise.
import { describe, expect, it } from 'vitest';
import { type AdafactorOptions, adafactor } from '../../../trainer/optimizers/adafactor.js';
import { Random } from '../../../trainer/random.js';
import { clipped, drawTensors, expectSame, expectSameTraining, OptimizerRun, SPECS, type Tensors } from './kit.js';

const OPTIONS: AdafactorOptions = {
  decayExponent: 0.8,
  squareFloor: 1e-30,
  clipThreshold: 1,
  relativeStep: false,
  parameterFloor: 1e-3,
  firstMoment: 0,
  weightDecay: 0.1,
  clipNorm: 1.5,
  learningRateScale: 1,
};

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const rms = (values: readonly number[]) => Math.sqrt(mean(values.map((x) => x * x)));

/** Algorithms 4 to 6 of arXiv 1804.04235 with the learning rate given from outside. */
function plainAdafactor(options: AdafactorOptions) {
  const rows = new Map<number, number[]>();
  const columns = new Map<number, number[]>();
  const full = new Map<number, number[]>();
  const average = new Map<number, number[]>();
  return (weights: Tensors, gradients: Tensors, step: number, rate: number) => {
    const beta2 = 1 - step ** -options.decayExponent;
    const decayed = (store: Map<number, number[]>, t: number, now: number[], beta = beta2) => {
      const old = store.get(t) ?? now.map(() => 0);
      const next = now.map((x, i) => beta * old[i]! + (1 - beta) * x);
      store.set(t, next);
      return next;
    };
    clipped(gradients, options.clipNorm).forEach((g, t) => {
      const [r, c] = SPECS[t]!.shape as [number, number?];
      const square = g.map((x) => x * x + options.squareFloor);
      let v: number[];
      if (c === undefined) v = decayed(full, t, square);
      else {
        const range = (n: number) => Array.from({ length: n }, (_, i) => i);
        const inRow = decayed(
          rows,
          t,
          range(r).map((i) => mean(square.slice(i * c, (i + 1) * c))),
        );
        const inColumn = decayed(
          columns,
          t,
          range(c).map((j) => mean(range(r).map((i) => square[i * c + j]!))),
        );
        v = square.map((_, at) => (inRow[Math.floor(at / c)]! / mean(inRow)) * inColumn[at % c]!);
      }
      let u = g.map((x, i) => x / Math.sqrt(v[i]!));
      const over = Math.max(1, rms(u) / options.clipThreshold);
      const scale = options.relativeStep ? Math.max(options.parameterFloor, rms(weights[t]!)) : 1;
      u = u.map((x) => (x / over) * scale);
      if (options.firstMoment > 0) u = decayed(average, t, u, options.firstMoment);
      const decay = SPECS[t]!.kind === 'linear' ? options.weightDecay : 0;
      weights[t] = weights[t]!.map((w, i) => w - options.learningRateScale * rate * (u[i]! + decay * w));
    });
  };
}

describe('adafactor', () => {
  it('takes the steps of the published algorithm', async () => {
    await expectSameTraining(adafactor(OPTIONS), plainAdafactor(OPTIONS), 24);
  });

  it('takes steps relative to the weights and averages them where asked to', async () => {
    const options = {
      ...OPTIONS,
      relativeStep: true,
      parameterFloor: 0.9,
      firstMoment: 0.9,
      clipThreshold: 0.5,
      learningRateScale: 3,
    };
    await expectSameTraining(adafactor(options), plainAdafactor(options), 24);
  });

  it('reconstructs second moments exactly where the squared gradient has rank 1', async () => {
    const random = new Random(9);
    const unclipped = { ...OPTIONS, clipThreshold: 1e9, clipNorm: 1e9, weightDecay: 0 };
    const run = await OptimizerRun.create(adafactor(unclipped), drawTensors(random));
    const outer = SPECS.map(({ shape: [r, c = 1] }) => {
      const left = Array.from({ length: r! }, () => random.normal());
      const right = Array.from({ length: c }, () => random.normal());
      return left.flatMap((a) => right.map((b) => a * b));
    });
    // The same gradient twice: v is its square, so the update is its sign.
    for (let n = 0; n < 2; n++) {
      const updates = await run.step(outer, 1);
      updates.forEach(
        (u, t) =>
          void expectSame(
            u,
            outer[t]!.map((g) => -Math.sign(g)),
            SPECS[t]!.name,
          ),
      );
    }
    await run.release();
  });

  it('leaves alone what gets no gradient', async () => {
    const random = new Random(10);
    const run = await OptimizerRun.create(adafactor({ ...OPTIONS, weightDecay: 0 }), drawTensors(random));
    const nothing = drawTensors(random, 0);
    for (let n = 0; n < 3; n++) expect((await run.step(nothing, 1)).flat().every((u) => u === 0)).toBe(true);
    await run.release();
  });
});
