// AdamW (Loshchilov and Hutter, arXiv 1711.05101) as a chain.
import type { Value } from '../graph/graph.js';
import { Add, Div, Mul, Pow, Sqrt, Sub } from '../graph/ops/elementwise.js';
import type { ParameterSpec } from '../model/parameters.js';
import { clipByGlobalNorm } from './clip.js';
import { chain, type GradientTransformation } from './transformation.js';

export interface AdamOptions {
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** m̂ / (√v̂ + ε) with bias-corrected moments (Kingma and Ba, arXiv 1412.6980). State: two floats a parameter. */
export function scaleByAdam({ beta1, beta2, epsilon }: AdamOptions): GradientTransformation {
  return {
    init: (specs) => [
      ...specs.map((s) => ({ name: `m.${s.name}`, shape: s.shape })),
      ...specs.map((s) => ({ name: `v.${s.name}`, shape: s.shape })),
    ],
    update(updates, state, { specs, step, dtype }) {
      const g = step.graph;
      const scalar = (value: number) => g.scalar(dtype, value);
      const correction = (beta: number) => Sub(scalar(1), Pow(scalar(beta), step));
      // Both corrections are folded into scalars, so that no tensor is passed over for them:
      // m̂ / (√v̂ + ε) = m·(√c₂/c₁) / (√v + ε·√c₂).
      const rootCorrection2 = Sqrt(correction(beta2));
      const scale = Div(rootCorrection2, correction(beta1));
      const offset = Mul(scalar(epsilon), rootCorrection2);
      const n = specs.length;
      const moments1: Value[] = [];
      const moments2: Value[] = [];
      const next: Value[] = [];
      updates.forEach((gradient, i) => {
        const m = Add(Mul(state[i]!, scalar(beta1)), Mul(gradient, scalar(1 - beta1)));
        const v = Add(Mul(state[n + i]!, scalar(beta2)), Mul(Mul(gradient, gradient), scalar(1 - beta2)));
        moments1.push(m);
        moments2.push(v);
        next.push(Div(Mul(m, scale), Add(Sqrt(v), offset)));
      });
      return { updates: next, state: [...moments1, ...moments2] };
    },
  };
}

/** Adds `rate`·w to the updates of the tensors that `applies` names: decay apart from the gradient's scale. */
export function addDecayedWeights(rate: number, applies: (spec: ParameterSpec) => boolean): GradientTransformation {
  return {
    init: () => [],
    update: (updates, _state, { specs, parameters, dtype }) => ({
      updates: updates.map((u, i) =>
        rate > 0 && applies(specs[i]!) ? Add(u, Mul(parameters[i]!, u.graph.scalar(dtype, rate))) : u,
      ),
      state: [],
    }),
  };
}

/** The parameters whose weights decay: matrices; norms and embeddings are left alone. */
export const decaysWeights = (spec: ParameterSpec): boolean => spec.kind === 'linear';

/** −`factor`·learning rate: turns a direction into a step. */
export function scaleByLearningRate(factor = 1): GradientTransformation {
  return {
    init: () => [],
    update: (updates, _state, { learningRate, dtype }) => {
      const negative = Mul(learningRate, learningRate.graph.scalar(dtype, -factor));
      return { updates: updates.map((u) => Mul(u, negative)), state: [] };
    },
  };
}

export interface AdamWOptions extends AdamOptions {
  weightDecay: number;
  /** Largest global norm of the gradient. */
  clipNorm: number;
}

/** Clip, Adam, decoupled decay of the matrices, learning rate. */
export function adamW(options: AdamWOptions): GradientTransformation {
  return chain(
    clipByGlobalNorm(options.clipNorm),
    scaleByAdam(options),
    addDecayedWeights(options.weightDecay, decaysWeights),
    scaleByLearningRate(),
  );
}
