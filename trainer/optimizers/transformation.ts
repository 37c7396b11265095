// Optimizers as chains of gradient transformations (the composition of DeepMind's optax), each emitting graph nodes.
import type { DType, Value } from '../graph/graph.js';
import type { ParameterSpec } from '../model/parameters.js';

/** One tensor that an optimizer keeps between steps. It starts as zeros. */
export interface StateSpec {
  name: string;
  shape: readonly number[];
}

export interface UpdateContext {
  specs: readonly ParameterSpec[];
  parameters: readonly Value[];
  /** Number of this step, from 1, a scalar of `dtype`. */
  step: Value;
  /** Scalar of `dtype`. */
  learningRate: Value;
  dtype: Extract<DType, 'float32' | 'float64'>;
}

export interface UpdateResult {
  /** What is to be added to the parameters at the end of the chain, one a parameter. */
  updates: Value[];
  /** New state, in the order of `init`. */
  state: Value[];
}

export interface GradientTransformation {
  init(specs: readonly ParameterSpec[]): StateSpec[];
  update(updates: readonly Value[], state: readonly Value[], context: UpdateContext): UpdateResult;
}

/** Applies transformations one after another; the state is theirs put together. */
export function chain(...parts: GradientTransformation[]): GradientTransformation {
  return {
    init: (specs) => parts.flatMap((part, i) => part.init(specs).map((s) => ({ ...s, name: `${i}.${s.name}` }))),
    update(updates, state, context) {
      let current = [...updates];
      let offset = 0;
      const next: Value[] = [];
      for (const part of parts) {
        const length = part.init(context.specs).length;
        const result = part.update(current, state.slice(offset, offset + length), context);
        current = result.updates;
        next.push(...result.state);
        offset += length;
      }
      return { updates: current, state: next };
    },
  };
}
