// The optimizer's graph against the published update written in plain loops; the schedule at its corners.
import { describe, expect, it } from 'vitest';
import { Graph } from '../../../trainer/graph/graph.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import type { ParameterSpec } from '../../../trainer/model/parameters.js';
import { adamW } from '../../../trainer/optimizers/adamw.js';
import { warmupCosine } from '../../../trainer/optimizers/schedule.js';
import { Random } from '../../../trainer/random.js';

const OPTIONS = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1.5 };
const SPECS: ParameterSpec[] = [
  { name: 'matrix', shape: [2, 3], kind: 'linear', initialStd: 1 },
  { name: 'norm', shape: [4], kind: 'norm', initialStd: 0 },
];
const sizes = [6, 4];

/** AdamW as in algorithm 2 of arXiv 1711.05101, after clipping, in float64. */
function plainStep(
  state: { w: number[][]; m: number[][]; v: number[][] },
  gradients: number[][],
  step: number,
  rate: number,
): void {
  const norm = Math.sqrt(gradients.flat().reduce((s, g) => s + g * g, 0));
  const factor = Math.min(1, OPTIONS.clipNorm / norm);
  gradients.forEach((tensor, t) => {
    tensor.forEach((raw, i) => {
      const g = raw * factor;
      state.m[t]![i] = OPTIONS.beta1 * state.m[t]![i]! + (1 - OPTIONS.beta1) * g;
      state.v[t]![i] = OPTIONS.beta2 * state.v[t]![i]! + (1 - OPTIONS.beta2) * g * g;
      const mHat = state.m[t]![i]! / (1 - OPTIONS.beta1 ** step);
      const vHat = state.v[t]![i]! / (1 - OPTIONS.beta2 ** step);
      const decay = SPECS[t]!.kind === 'linear' ? OPTIONS.weightDecay * state.w[t]![i]! : 0;
      state.w[t]![i]! -= rate * (mHat / (Math.sqrt(vHat) + OPTIONS.epsilon) + decay);
    });
  });
}

describe('adamW', () => {
  it('takes the steps of the published algorithm, clipped and unclipped, with decay of matrices only', async () => {
    const optimizer = adamW(OPTIONS);
    const g = new Graph('step');
    const parameters = SPECS.map((s) => g.input(`w.${s.name}`, 'float64', s.shape));
    const gradients = SPECS.map((s) => g.input(`g.${s.name}`, 'float64', s.shape));
    const stateSpecs = optimizer.init(SPECS);
    const state = stateSpecs.map((s) => g.input(`s.${s.name}`, 'float64', s.shape));
    const step = g.input('step', 'float64', []);
    const learningRate = g.input('rate', 'float64', []);
    const result = optimizer.update(gradients, state, {
      specs: SPECS,
      parameters,
      step,
      learningRate,
      dtype: 'float64',
    });
    result.updates.forEach((u, i) => g.output(u, `u.${i}`));
    result.state.forEach((s, i) => g.output(s, `n.${i}`));
    const session = await OrtSession.create(g, { threads: 1, graphOptimizationLevel: 'basic' });

    const random = new Random(4);
    const zeros = () => sizes.map((n) => new Array<number>(n).fill(0));
    const plain = { w: sizes.map((n) => Array.from({ length: n }, () => random.normal())), m: zeros(), v: zeros() };
    const w = plain.w.map((t) => Float64Array.from(t));
    let kept: Float64Array[] = stateSpecs.map((s) => new Float64Array(s.shape.reduce((a, b) => a * b, 1)));
    for (let n = 1; n <= 6; n++) {
      const size = n % 2 ? 0.1 : 10;
      const drawn = sizes.map((count) => Array.from({ length: count }, () => size * random.normal()));
      const rate = 0.1 / n;
      plainStep(plain, drawn, n, rate);
      const feeds = Object.fromEntries([
        ...SPECS.map((s, i) => [`w.${s.name}`, { data: w[i]!, dims: s.shape }]),
        ...SPECS.map((s, i) => [`g.${s.name}`, { data: Float64Array.from(drawn[i]!), dims: s.shape }]),
        ...stateSpecs.map((s, i) => [`s.${s.name}`, { data: kept[i]!, dims: s.shape }]),
        ['step', { data: Float64Array.of(n), dims: [] }],
        ['rate', { data: Float64Array.of(rate), dims: [] }],
      ]);
      const out = await session.run(feeds);
      kept = stateSpecs.map((_, i) => out[`n.${i}`]!.data as Float64Array);
      w.forEach((tensor, t) => {
        const update = out[`u.${t}`]!.data as Float64Array;
        tensor.forEach((_, i) => {
          tensor[i]! += update[i]!;
          expect(tensor[i]).toBeCloseTo(plain.w[t]![i]!, 10);
        });
      });
    }
    await session.release();
  });
});

describe('warmupCosine', () => {
  const schedule = { peak: 2, warmupSteps: 10, steps: 110, finalFraction: 0.1 };

  it('grows linearly to the peak, is half-way at half time and ends on the stated share', () => {
    expect(warmupCosine(schedule, 0)).toBeCloseTo(0.2, 12);
    expect(warmupCosine(schedule, 9)).toBeCloseTo(2, 12);
    expect(warmupCosine(schedule, 10)).toBeCloseTo(2, 12);
    expect(warmupCosine(schedule, 60)).toBeCloseTo(1.1, 12);
    expect(warmupCosine(schedule, 110)).toBeCloseTo(0.2, 12);
  });
});
