// Adafactor (Shazeer and Stern, arXiv 1804.04235): second moments of matrices kept as row and column means.
import type { Value } from '../graph/graph.js';
import { Add, Div, Max, Mul, Pow, Sqrt, Sub } from '../graph/ops/elementwise.js';
import { ReduceMean } from '../graph/ops/reduce.js';
import { type AdamWOptions, addDecayedWeights, decaysWeights, scaleByLearningRate } from './adamw.js';
import { clipByGlobalNorm } from './clip.js';
import { chain, type GradientTransformation, type StateSpec } from './transformation.js';

export interface FactoredOptions {
  /** c of the decay 1 − t^−c: 0 at the first step, so that no bias has to be corrected. */
  decayExponent: number;
  /** ε₁, added to squared gradients. */
  squareFloor: number;
}

/** √mean(x²) of a tensor, a scalar. */
export function rootMeanSquare(x: Value): Value {
  return Sqrt(ReduceMean(Mul(x, x), { keepdims: false }));
}

/**
 * g / √v̂, with v̂ = r·c / mean(r) from the decayed means r of the rows and c of the columns of g² + ε₁ (algorithm 4 of the
 * paper; 5 for vectors, whose v is kept whole). State: rows + columns floats a matrix, one float an element of a vector.
 */
export function scaleByFactoredRms({ decayExponent, squareFloor }: FactoredOptions): GradientTransformation {
  return {
    init: (specs) =>
      specs.flatMap(({ name, shape }): StateSpec[] => {
        const [rows, columns] = shape;
        if (shape.length !== 2) return [{ name: `v.${name}`, shape }];
        return [
          { name: `rows.${name}`, shape: [rows!, 1] },
          { name: `columns.${name}`, shape: [1, columns!] },
        ];
      }),
    update(updates, state, { specs, step, dtype }) {
      const scalar = (value: number) => step.graph.scalar(dtype, value);
      const fresh = Pow(step, scalar(-decayExponent));
      const kept = Sub(scalar(1), fresh);
      const blend = (old: Value, square: Value) => Add(Mul(old, kept), Mul(square, fresh));
      const next: Value[] = [];
      const scaled = updates.map((gradient, i) => {
        const square = Add(Mul(gradient, gradient), scalar(squareFloor));
        const at = next.length;
        if (specs[i]!.shape.length !== 2) {
          next.push(blend(state[at]!, square));
          return Div(gradient, Sqrt(next[at]!));
        }
        const rows = blend(state[at]!, ReduceMean(square, { axes: [1] }));
        const columns = blend(state[at + 1]!, ReduceMean(square, { axes: [0] }));
        next.push(rows, columns);
        // Roots first: a product of the two squares would leave float32's range where a row has had no gradient.
        return Div(gradient, Mul(Sqrt(Div(rows, ReduceMean(rows, { axes: [0] }))), Sqrt(columns)));
      });
      return { updates: scaled, state: next };
    },
  };
}

/** Each update divided by max(1, RMS / threshold): Adafactor's update clipping, tensor by tensor. */
export function clipByBlockRms(threshold: number): GradientTransformation {
  return {
    init: () => [],
    update: (updates, _state, { step, dtype }) => {
      const scalar = (value: number) => step.graph.scalar(dtype, value);
      const factor = (u: Value) => Max(Div(rootMeanSquare(u), scalar(threshold)), scalar(1));
      return { updates: updates.map((u) => Div(u, factor(u))), state: [] };
    },
  };
}

/** Each update times max(floor, RMS of its parameter): steps relative to the weights (section 8 of the paper). */
export function scaleByParameterRms(floor: number): GradientTransformation {
  return {
    init: () => [],
    update: (updates, _state, { parameters, step, dtype }) => ({
      updates: updates.map((u, i) => Mul(u, Max(rootMeanSquare(parameters[i]!), step.graph.scalar(dtype, floor)))),
      state: [],
    }),
  };
}

/** Decayed mean of the updates. State: one float a parameter. */
export function averageUpdates(decay: number): GradientTransformation {
  return {
    init: (specs) => specs.map((s) => ({ name: `average.${s.name}`, shape: s.shape })),
    update: (updates, state, { step, dtype }) => {
      const scalar = (value: number) => step.graph.scalar(dtype, value);
      const next = updates.map((u, i) => Add(Mul(state[i]!, scalar(decay)), Mul(u, scalar(1 - decay))));
      return { updates: next, state: next };
    },
  };
}

export interface AdafactorOptions extends FactoredOptions, Pick<AdamWOptions, 'weightDecay' | 'clipNorm'> {
  /** d: largest root mean square of a tensor's update. */
  clipThreshold: number;
  /** Whether the learning rate is relative to the size of each tensor's weights. */
  relativeStep: boolean;
  /** ε₂: least size of a tensor's weights, for relative steps. */
  parameterFloor: number;
  /** Decay of a first moment; 0: none, and no memory for it. */
  firstMoment: number;
  /** Factor on the learning rate. */
  learningRateScale: number;
}

/** Clip, factored second moment, update clipping, learning rate; relative steps and a first moment where asked for. */
export function adafactor(options: AdafactorOptions): GradientTransformation {
  return chain(
    clipByGlobalNorm(options.clipNorm),
    scaleByFactoredRms(options),
    clipByBlockRms(options.clipThreshold),
    ...(options.relativeStep ? [scaleByParameterRms(options.parameterFloor)] : []),
    ...(options.firstMoment > 0 ? [averageUpdates(options.firstMoment)] : []),
    addDecayedWeights(options.weightDecay, decaysWeights),
    scaleByLearningRate(options.learningRateScale),
  );
}
