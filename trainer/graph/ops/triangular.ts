// Running sums and triangles of matrices.
import type { Value } from '../ir.js';
import { defineOp, normalizeAxis, refuse, requireNumeric } from '../op.js';

interface CumSumParams {
  axis: number;
  exclusive: boolean;
  reverse: boolean;
}

const cumSum = defineOp<CumSumParams>('CumSum', {
  infer([x]) {
    requireNumeric('CumSum', x!);
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  attributes: ({ exclusive, reverse }) => ({ exclusive: Number(exclusive), reverse: Number(reverse) }),
  gradient: ({ gradient, params }) => [
    CumSum(gradient, params.axis, { ...params, reverse: !params.reverse }),
    undefined,
  ],
});

/** Sums of all elements up to each one along an axis; `exclusive` leaves the element itself out, `reverse` sums from the end. */
export function CumSum(x: Value, axis: number, { exclusive = false, reverse = false } = {}): Value {
  const at = normalizeAxis('CumSum', axis, x.rank);
  return cumSum([x, x.graph.scalar('int64', at)], { axis: at, exclusive, reverse })[0]!;
}

interface TriluParams {
  upper: boolean;
  k: number;
}

const trilu = defineOp<TriluParams>('Trilu', {
  infer([x]) {
    if (x!.rank < 2) refuse('GRAPH_SHAPE_MISMATCH', 'Trilu', `needs two axes or more, got ${x}`);
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  attributes: ({ upper }) => ({ upper: Number(upper) }),
  gradient: ({ gradient, params }) => [Trilu(gradient, params), undefined],
});

/** The upper or lower triangle of the last two axes, zeros elsewhere. `k` moves the diagonal to the right. */
export function Trilu(x: Value, { upper = true, k = 0 } = {}): Value {
  return trilu([x, x.graph.scalar('int64', k)], { upper, k })[0]!;
}
