// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): momentum of matrices, orthogonalized; AdamW for everything else.
import type { Value } from '../graph/graph.js';
import { Add, Div, Mul, Sqrt } from '../graph/ops/elementwise.js';
import { MatMul } from '../graph/ops/matmul.js';
import { ReduceSumSquare } from '../graph/ops/reduce.js';
import { Transpose } from '../graph/ops/shape.js';
import type { ParameterSpec } from '../model/parameters.js';
import { type AdamWOptions, addDecayedWeights, decaysWeights, scaleByAdam, scaleByLearningRate } from './adamw.js';
import { clipByGlobalNorm } from './clip.js';
import { partition } from './partition.js';
import { chain, type GradientTransformation } from './transformation.js';

/** x ← a·x + b·(x·xᵀ)·x + c·(x·xᵀ)²·x: the published quintic, steepest at 0, which sends singular values into about [0.7, 1.2]. */
const QUINTIC = { a: 3.4445, b: -4.775, c: 2.0315 } as const;
/** Keeps 0 / 0 away where no gradient has come yet. */
const NORM_FLOOR = 1e-7;
/** Root mean square of AdamW's updates as Liu et al. found it; an orthogonal [r, c] has 1 / √max(r, c). */
const ADAMW_RMS = 0.2;

/**
 * x [r, c] with its singular values sent close to 1 and its singular vectors kept, by `iterations` of Newton and Schulz.
 * Works on the side with fewer rows, where the products are smallest.
 */
export function orthogonalize(x: Value, iterations: number): Value {
  const [rows, columns] = x.shape as [number, number];
  const scalar = (value: number) => x.graph.scalar(x.dtype, value);
  const tall = rows > columns;
  const wide = tall ? Transpose(x) : x;
  let y = Div(wide, Add(Sqrt(ReduceSumSquare(wide)), scalar(NORM_FLOOR)));
  for (let i = 0; i < iterations; i++) {
    const square = MatMul(y, Transpose(y));
    const polynomial = Add(Mul(square, scalar(QUINTIC.b)), Mul(MatMul(square, square), scalar(QUINTIC.c)));
    y = Add(Mul(y, scalar(QUINTIC.a)), MatMul(polynomial, y));
  }
  return tall ? Transpose(y) : y;
}

export interface MomentumOptions {
  /** Decay of the momentum. */
  momentum: number;
  /** Newton-Schulz iterations. */
  iterations: number;
  /** Factor on the learning rate of the matrices, where it is to differ from that of the rest. */
  matrixScale: number;
}

/**
 * Nesterov momentum, orthogonalized and scaled by 0.2·√max(r, c), so that AdamW's learning rate and decay fit (Liu et al.,
 * arXiv 2502.16982). For matrices only. State: one float a parameter.
 */
export function scaleByMuon({ momentum, iterations, matrixScale }: MomentumOptions): GradientTransformation {
  return {
    init: (specs) => specs.map((s) => ({ name: `momentum.${s.name}`, shape: s.shape })),
    update(updates, state, { specs, dtype, step }) {
      const scalar = (value: number) => step.graph.scalar(dtype, value);
      const blend = (old: Value, fresh: Value) => Add(Mul(old, scalar(momentum)), Mul(fresh, scalar(1 - momentum)));
      const velocities = updates.map((gradient, i) => blend(state[i]!, gradient));
      const next = updates.map((gradient, i) => {
        const scale = matrixScale * ADAMW_RMS * Math.sqrt(Math.max(...specs[i]!.shape));
        return Mul(orthogonalize(blend(velocities[i]!, gradient), iterations), scalar(scale));
      });
      return { updates: next, state: velocities };
    },
  };
}

export type MuonOptions = AdamWOptions & MomentumOptions & { learningRateScale: number };

/** Whether Muon takes a parameter: a weight between layers. The head is none, nor are embeddings and norms. */
export const isHiddenMatrix = (spec: ParameterSpec): boolean =>
  spec.kind === 'linear' && spec.shape.length === 2 && spec.name !== 'lm_head.weight';

/** Clip; Muon for the hidden matrices and Adam for the rest; decay; learning rate. State: one float, and two for the rest. */
export function muon(options: MuonOptions): GradientTransformation {
  return chain(
    clipByGlobalNorm(options.clipNorm),
    partition(isHiddenMatrix, scaleByMuon(options), scaleByAdam(options)),
    addDecayedWeights(options.weightDecay, decaysWeights),
    scaleByLearningRate(options.learningRateScale),
  );
}
