// Grass (Muhamed et al., arXiv 2406.17660): structured sparse gradients. Only some rows of each matrix have a momentum and are
// trained at a time; which ones changes every few steps.
import type { Value } from '../graph/graph.js';
import { Add, Div, Mul, Pow, Sqrt, Sub } from '../graph/ops/elementwise.js';
import { Gather } from '../graph/ops/indexing.js';
import { Cast, Where } from '../graph/ops/logic.js';
import { ReduceMean } from '../graph/ops/reduce.js';
import type { ParameterSpec } from '../model/parameters.js';
import { type AdamWOptions, addDecayedWeights, decaysWeights, scaleByAdam, scaleByLearningRate } from './adamw.js';
import { clipByGlobalNorm } from './clip.js';
import { partition } from './partition.js';
import { largestRows, rowsInTurn, selectionTime, spreadRows } from './row-selection.js';
import { chain, type GradientTransformation, type StateSpec } from './transformation.js';

/** Keeps 0 / 0 away in a matrix that has had no gradient. */
const SQUARE_FLOOR = 1e-30;

export interface SelectionOptions {
  /** Share of a linear matrix's rows that are trained at a time. */
  fraction: number;
  /** The same of an embedding, most of whose rows get no gradient at most steps. */
  embeddingFraction: number;
  /** Steps between two selections. */
  period: number;
  /** `cyclic`: the rows take turns. `norm`: those whose gradients are largest at the step of the selection (the paper's Top-r). */
  selection: 'cyclic' | 'norm';
  /** Matrices of fewer elements keep all of Adam's moments. */
  smallest: number;
}

export type GrassOptions = AdamWOptions & SelectionOptions & { learningRateScale: number };

/** Rows of a matrix that are trained at a time, at least one. */
export function selectedRows({ kind, shape }: ParameterSpec, options: SelectionOptions): number {
  const share = kind === 'embedding' ? options.embeddingFraction : options.fraction;
  return Math.min(shape[0]!, Math.max(1, Math.round(shape[0]! * share)));
}

/**
 * Adam on the selected rows, decoupled decay among it; the updates of all others are 0. Rows, not columns, because a row is one
 * run of memory to gather. Momentum is kept for the selected rows alone and starts anew with each selection; second moments are
 * Adafactor's, rows + columns floats, which every row keeps whether it is selected or not. State of an r × c matrix of which k
 * rows are selected: k·c + r + c floats, and k more where `selection` is 'norm'.
 */
export function scaleBySelectedRows(options: GrassOptions): GradientTransformation {
  const { beta1, beta2, epsilon, period, selection, weightDecay } = options;
  return {
    init: (specs) =>
      specs.flatMap((spec): StateSpec[] => {
        const [rows, columns] = spec.shape as [number, number];
        const count = selectedRows(spec, options);
        return [
          { name: `m.${spec.name}`, shape: [count, columns] },
          { name: `rows.${spec.name}`, shape: [rows, 1] },
          { name: `columns.${spec.name}`, shape: [1, columns] },
          ...(selection === 'norm' ? [{ name: `selected.${spec.name}`, shape: [count] }] : []),
        ];
      }),
    update(updates, state, context) {
      const { specs, parameters, step, dtype } = context;
      const scalar = (value: number) => step.graph.scalar(dtype, value);
      const time = selectionTime(step, period);
      const correction1 = Sub(scalar(1), Pow(scalar(beta1), Add(time.age, 1)));
      const correction2 = Sub(scalar(1), Pow(scalar(beta2), step));
      const blend = (old: Value, fresh: Value, beta: number) =>
        Add(Mul(old, scalar(beta)), Mul(fresh, scalar(1 - beta)));
      const next: Value[] = [];
      const spread = updates.map((gradient, i) => {
        const spec = specs[i]!;
        const rows = spec.shape[0]!;
        const count = selectedRows(spec, options);
        const [m0, rows0, columns0, selected0] = state.slice(next.length);
        const selected =
          selection === 'norm'
            ? Where(time.fresh, largestRows(gradient, count), selected0!)
            : rowsInTurn(time.number, count, rows);
        const index = Cast(selected, 'int32');
        const g = Gather(gradient, index, 0);
        const m = blend(Where(time.fresh, scalar(0), m0!), g, beta1);
        const square = Mul(gradient, gradient);
        const rowMeans = blend(rows0!, ReduceMean(square, { axes: [1] }), beta2);
        const columnMeans = blend(columns0!, ReduceMean(square, { axes: [0] }), beta2);
        next.push(m, rowMeans, columnMeans, ...(selection === 'norm' ? [selected] : []));
        // Roots first: products of squares would leave float32's range where a row has had no gradient.
        const shares = Div(Gather(rowMeans, index, 0), Add(ReduceMean(rowMeans, { axes: [0] }), scalar(SQUARE_FLOOR)));
        const size = Add(Mul(Sqrt(shares), Sqrt(Div(columnMeans, correction2))), scalar(epsilon));
        const direction = Div(Div(m, correction1), size);
        const decay = decaysWeights(spec) ? weightDecay : 0;
        const update = decay > 0 ? Add(direction, Mul(Gather(parameters[i]!, index, 0), scalar(decay))) : direction;
        return spreadRows(update, index, rows);
      });
      return { updates: spread, state: next };
    },
  };
}

/** Clip; Grass for matrices and Adam for vectors and small matrices; decay; learning rate. */
export function grass(options: GrassOptions): GradientTransformation {
  const isSelective = ({ shape }: ParameterSpec) => shape.length === 2 && shape[0]! * shape[1]! >= options.smallest;
  return chain(
    clipByGlobalNorm(options.clipNorm),
    partition(
      isSelective,
      scaleBySelectedRows(options),
      chain(scaleByAdam(options), addDecayedWeights(options.weightDecay, decaysWeights)),
    ),
    scaleByLearningRate(options.learningRateScale),
  );
}
