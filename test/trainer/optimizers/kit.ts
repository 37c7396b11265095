// What the optimizers' tests share: parameters of every kind, a float64 graph taken step by step, plain float64 matrices.
import { expect } from 'vitest';
import { Graph } from '../../../trainer/graph/graph.js';
import { DATA_CLASS } from '../../../trainer/graph/ir.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { type ParameterSpec, sizeOf } from '../../../trainer/model/parameters.js';
import type { GradientTransformation, StateSpec } from '../../../trainer/optimizers/transformation.js';
import { Random } from '../../../trainer/random.js';

/** Matrices of both orientations, the head, a vector, and an embedding. */
export const SPECS: ParameterSpec[] = [
  { name: 'wide', shape: [4, 9], kind: 'linear', initialStd: 1 },
  { name: 'tall', shape: [10, 3], kind: 'linear', initialStd: 1 },
  { name: 'norm', shape: [5], kind: 'norm', initialStd: 0 },
  { name: 'shared', shape: [8, 3], kind: 'embedding', initialStd: 1 },
  { name: 'lm_head.weight', shape: [3, 5], kind: 'linear', initialStd: 1 },
];
/** Rows of the embedding that never get a gradient, as of tokens that no text has. */
export const UNUSED_ROWS = [2, 5];
const EMBEDDING = 3;

export type Tensors = number[][];

export const zerosLike = (specs: readonly ParameterSpec[]): Tensors =>
  specs.map((s) => new Array<number>(sizeOf(s)).fill(0));

/** Standard normal weights, or gradients of very different sizes from step to step, so that clipping comes and goes. */
export function drawTensors(random: Random, scale = 1): Tensors {
  return SPECS.map((spec, t) => {
    const columns = spec.shape[1] ?? 1;
    return Array.from({ length: sizeOf(spec) }, (_, i) => {
      const value = scale * random.normal();
      return t === EMBEDDING && UNUSED_ROWS.includes(Math.floor(i / columns)) ? 0 : value;
    });
  });
}

type FloatType = 'float32' | 'float64';
type Floats = Float32Array | Float64Array;

/** A transformation's graph, fed step by step; it keeps weights and state as a training would. */
export class OptimizerRun {
  readonly state: Map<string, Floats>;
  private steps = 0;

  private constructor(
    private readonly session: OrtSession,
    private readonly stateSpecs: StateSpec[],
    readonly weights: Floats[],
    private readonly dtype: FloatType,
  ) {
    const size = (s: StateSpec) => s.shape.reduce((a, b) => a * b, 1);
    this.state = new Map(stateSpecs.map((s) => [s.name, this.floats(new Array<number>(size(s)).fill(0))]));
  }

  static async create(
    optimizer: GradientTransformation,
    weights: Tensors,
    dtype: FloatType = 'float64',
  ): Promise<OptimizerRun> {
    const g = new Graph('step');
    const inputs = (prefix: string, specs: readonly { name: string; shape: readonly number[] }[]) =>
      specs.map((s) => g.input(`${prefix}.${s.name}`, dtype, s.shape));
    const stateSpecs = optimizer.init(SPECS);
    const parameters = inputs('w', SPECS);
    const result = optimizer.update(inputs('g', SPECS), inputs('s', stateSpecs), {
      specs: SPECS,
      parameters,
      step: g.input('step', dtype, []),
      learningRate: g.input('rate', dtype, []),
      dtype,
    });
    result.updates.forEach((u, i) => g.output(u, `u.${i}`));
    stateSpecs.forEach((s, i) => g.output(result.state[i]!, `n.${s.name}`));
    // 'basic': further optimizations fold factors into products as float32.
    const session = await OrtSession.create(g, { threads: 1, graphOptimizationLevel: 'basic' });
    return new OptimizerRun(
      session,
      stateSpecs,
      weights.map((w) => DATA_CLASS[dtype].from(w)),
      dtype,
    );
  }

  /** Makes the next step number `step`. */
  skipTo(step: number): void {
    this.steps = step - 1;
  }

  private floats(values: readonly number[]): Floats {
    return DATA_CLASS[this.dtype].from(values);
  }

  /** Takes a step and returns what it added to the weights. */
  async step(gradients: Tensors, rate: number): Promise<Tensors> {
    this.steps++;
    const tensors = (prefix: string, data: (i: number) => Floats) =>
      SPECS.map((s, i) => [`${prefix}.${s.name}`, { data: data(i), dims: s.shape }]);
    const scalar = (value: number) => ({ data: this.floats([value]), dims: [] });
    const out = await this.session.run(
      Object.fromEntries([
        ...tensors('w', (i) => this.weights[i]!),
        ...tensors('g', (i) => this.floats(gradients[i]!)),
        ...this.stateSpecs.map((s) => [`s.${s.name}`, { data: this.state.get(s.name)!, dims: s.shape }]),
        ['step', scalar(this.steps)],
        ['rate', scalar(rate)],
      ]),
    );
    for (const s of this.stateSpecs) {
      expect(out[`n.${s.name}`]!.dims, s.name).toEqual(s.shape);
      this.state.set(s.name, out[`n.${s.name}`]!.data as Floats);
    }
    return SPECS.map((_, i) => {
      const update = out[`u.${i}`]!.data as Floats;
      this.weights[i]!.forEach((_, j) => {
        this.weights[i]![j]! += update[j]!;
      });
      return Array.from(update);
    });
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Relative error of at most 1e-9, measured against the tensor's largest element. */
export function expectSame(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  const size = Math.max(1e-300, ...expected.map(Math.abs));
  const worst = Math.max(...expected.map((e, i) => Math.abs(actual[i]! - e) / size));
  expect(worst, what).toBeLessThan(1e-9);
}

/** Gradients scaled by min(1, limit / global norm). */
export function clipped(gradients: Tensors, limit: number): Tensors {
  const norm = Math.sqrt(gradients.flat().reduce((sum, g) => sum + g * g, 0));
  return gradients.map((t) => t.map((g) => g * Math.min(1, limit / norm)));
}

/** `steps` steps of the graph beside those of `plain`, which changes its weights in place: both must stay together. */
export async function expectSameTraining(
  optimizer: GradientTransformation,
  plain: (weights: Tensors, gradients: Tensors, step: number, rate: number) => void,
  steps: number,
): Promise<void> {
  const random = new Random(4);
  const weights = drawTensors(random);
  const run = await OptimizerRun.create(optimizer, weights);
  for (let n = 1; n <= steps; n++) {
    const gradients = drawTensors(random, n % 3 === 0 ? 10 : 0.05);
    const rate = 0.1 / n;
    plain(weights, gradients, n, rate);
    await run.step(gradients, rate);
    SPECS.forEach((s, t) => void expectSame(run.weights[t]!, weights[t]!, `${s.name} after step ${n}`));
  }
  await run.release();
}
