// Loop and If: parts of the graph that run repeatedly, or only under a condition. No gradient passes through either.
import { sameShape } from '../dims.js';
import { formatType, Graph, type TensorType, type Value } from '../ir.js';
import { defineOp, refuse, requireBool } from '../op.js';

export interface LoopBody {
  /** What the next iteration gets, in the order and of the types of the carried values. */
  carried: readonly Value[];
  /** What is collected over the iterations. */
  scan?: readonly Value[];
}

export interface LoopResult {
  /** The carried values after the last iteration. */
  carried: Value[];
  /** Collected values, each with a leading axis of one entry an iteration. */
  scan: Value[];
}

const loop = defineOp<{ body: Graph; types: TensorType[] }>('Loop', {
  infer: (_, { types }) => types,
  attributes: ({ body }) => ({ body }),
  gradient: 'take gradients inside of its body',
});

/**
 * Runs `body` `tripCount` times, a number or an int64 scalar. The body is traced once; `iteration` is an int64 scalar from 0.
 * It may read any value of `graph` and of the graphs around it; work that reads nothing else is done once, before the loop.
 * Throws GRAPH_DTYPE_MISMATCH or GRAPH_SHAPE_MISMATCH where a carried value changes its type.
 */
export function Loop(
  graph: Graph,
  tripCount: number | Value,
  carried: readonly Value[],
  body: (iteration: Value, ...carried: Value[]) => LoopBody,
): LoopResult {
  const trips = typeof tripCount === 'number' ? constantTrips(graph, tripCount) : tripCount;
  if (trips.dtype !== 'int64' || trips.rank !== 0) {
    refuse('GRAPH_DTYPE_MISMATCH', 'Loop', `the trip count must be an int64 scalar, got ${trips}`);
  }
  const inner = new Graph(graph.uniqueName('loop'), graph);
  const iteration = inner.bodyInput('iteration', { dtype: 'int64', shape: [] });
  const condition = inner.bodyInput('condition', { dtype: 'bool', shape: [] });
  const state = carried.map((value) => inner.bodyInput('carried', value));
  const result = body(iteration, ...state);
  requireCarried(carried, result.carried);
  const scan = result.scan ?? [];
  for (const value of [condition, ...result.carried, ...scan]) inner.output(value);
  inner.closed = true;

  const size = typeof tripCount === 'number' ? tripCount : graph.uniqueName('trips');
  const types = [
    ...carried.map(({ dtype, shape }) => ({ dtype, shape })),
    ...scan.map(({ dtype, shape }) => ({ dtype, shape: [size, ...shape] })),
  ];
  const outputs = loop([trips, graph.scalar('bool', true), ...carried], { body: inner, types });
  for (const output of outputs) output.graph.registerSymbols(output);
  return { carried: outputs.slice(0, carried.length), scan: outputs.slice(carried.length) };
}

function constantTrips(graph: Graph, count: number): Value {
  if (!Number.isInteger(count) || count < 0) {
    refuse('GRAPH_INVALID_ARGUMENT', 'Loop', `the trip count ${count} must be a non-negative integer`);
  }
  return graph.scalar('int64', count);
}

function requireCarried(before: readonly Value[], after: readonly Value[]): void {
  if (before.length !== after.length) {
    const message = `the body carries ${before.length} values and returns ${after.length}: return one for each`;
    refuse('GRAPH_INVALID_ARGUMENT', 'Loop', message);
  }
  before.forEach((value, i) => {
    const next = after[i]!;
    const code = value.dtype !== next.dtype ? 'GRAPH_DTYPE_MISMATCH' : 'GRAPH_SHAPE_MISMATCH';
    if (value.dtype !== next.dtype || !sameShape(value.shape, next.shape)) {
      refuse(code, 'Loop', `carried value ${i} enters as ${value} and leaves as ${next}: keep its type`);
    }
  });
}

const conditional = defineOp<{ thenBranch: Graph; elseBranch: Graph; types: TensorType[] }>('If', {
  infer: (_, { types }) => types,
  attributes: ({ thenBranch, elseBranch }) => ({ then_branch: thenBranch, else_branch: elseBranch }),
  gradient: 'use Where, which computes both sides',
});

/**
 * The values of one branch or the other, of which only the one taken is computed. `condition` is a bool scalar.
 * Both branches return values of the same types; `types` states the results' where the branches' shapes differ.
 */
export function If(
  graph: Graph,
  condition: Value,
  thenBranch: () => readonly Value[],
  elseBranch: () => readonly Value[],
  types?: readonly TensorType[],
): Value[] {
  requireBool('If', condition);
  if (condition.rank !== 0) refuse('GRAPH_SHAPE_MISMATCH', 'If', `the condition must be a scalar, got ${condition}`);
  const yes = traceBranch(graph, 'then', thenBranch);
  const no = traceBranch(graph, 'else', elseBranch);
  if (yes.values.length !== no.values.length) {
    refuse('GRAPH_INVALID_ARGUMENT', 'If', `the branches return ${yes.values.length} and ${no.values.length} values`);
  }
  const result = types?.map((type) => ({ ...type })) ?? yes.values.map(({ dtype, shape }) => ({ dtype, shape }));
  yes.values.forEach((value, i) => {
    const other = no.values[i]!;
    const wanted = result[i];
    const same = types ? value.dtype === wanted?.dtype : sameShape(value.shape, other.shape);
    if (value.dtype !== other.dtype || !same) {
      const stated = wanted && types ? ` where ${formatType(wanted)} is stated` : '';
      refuse('GRAPH_SHAPE_MISMATCH', 'If', `result ${i} is ${value} in one branch and ${other} in the other${stated}`);
    }
  });
  const params = { thenBranch: yes.branch, elseBranch: no.branch, types: result };
  const outputs = conditional([condition], params);
  for (const output of outputs) output.graph.registerSymbols(output);
  return outputs;
}

function traceBranch(graph: Graph, stem: string, trace: () => readonly Value[]) {
  const branch = new Graph(graph.uniqueName(stem), graph);
  const { root } = graph;
  const outer = root.branch;
  root.branch = branch;
  try {
    const values = trace();
    for (const value of values) branch.output(value);
    return { branch, values };
  } finally {
    root.branch = outer;
    branch.closed = true;
  }
}
