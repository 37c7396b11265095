// Clipping by the global norm (Pascanu et al., arXiv 1211.5063).
import type { Value } from '../graph/graph.js';
import { Add, Div, Max, Mul, Sqrt } from '../graph/ops/elementwise.js';
import { ReduceSumSquare } from '../graph/ops/reduce.js';
import type { GradientTransformation } from './transformation.js';

/** √Σ|g|² over all tensors, a scalar. */
export function globalNorm(gradients: readonly Value[]): Value {
  const squares = gradients.map((g) => ReduceSumSquare(g, { keepdims: false }));
  return Sqrt(squares.reduce((a, b) => Add(a, b)));
}

/** Scales all gradients by min(1, maxNorm / norm). */
export function clipByGlobalNorm(maxNorm: number): GradientTransformation {
  return {
    init: () => [],
    update(updates, _state, { dtype }) {
      const norm = globalNorm(updates);
      const limit = norm.graph.scalar(dtype, maxNorm);
      const factor = Div(limit, Max(norm, limit));
      return { updates: updates.map((g) => Mul(g, factor)), state: [] };
    },
  };
}
