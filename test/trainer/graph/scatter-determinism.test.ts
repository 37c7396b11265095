// The gradient of a lookup with many repeated indices: exact and the same bits in every run, on several threads.
import { expect, it } from 'vitest';
import { Graph, gradients } from '../../../trainer/graph/graph.js';
import { Mul } from '../../../trainer/graph/ops/elementwise.js';
import { Gather, GatherElements, GatherND, ScatterND } from '../../../trainer/graph/ops/indexing.js';
import { ReduceSum } from '../../../trainer/graph/ops/reduce.js';
import { Expand, Unsqueeze } from '../../../trainer/graph/ops/shape.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { Random } from '../../../trainer/random.js';

// Large enough that ONNX Runtime spreads the work over threads: at a tenth of this it does not, and nothing could go wrong.
const [rows, lookups, width, threads] = [500, 8000, 64, 2] as const;
/** Of the lookup that training is made of, and of each other one. */
const [manyRuns, someRuns] = [200, 40] as const;

const LOOKUPS: Record<string, Parameters<typeof build>[0]> = {
  Gather: (table, ids, upstream) => ReduceSum(Mul(Gather(table, ids), upstream), { keepdims: false }),
  GatherND: (table, ids, upstream) =>
    ReduceSum(Mul(GatherND(table, Unsqueeze(ids, [1])), upstream), { keepdims: false }),
  GatherElements: (table, ids, upstream) => {
    const places = Expand(Unsqueeze(ids, [1]), [lookups, width]);
    return ReduceSum(Mul(GatherElements(table, places, 0), upstream), { keepdims: false });
  },
};

type Input = ReturnType<Graph['input']>;

function build(lookup: (table: Input, ids: Input, upstream: Input) => Input): Graph {
  const g = new Graph();
  const table = g.input('table', 'float32', [rows, width]);
  const ids = g.input('ids', 'int64', [lookups]);
  const upstream = g.input('upstream', 'float32', [lookups, width]);
  g.output(gradients(lookup(table, ids, upstream), [table])[0]!, 'gradient');
  return g;
}

function scatterGraph(): Graph {
  const g = new Graph();
  const ids = g.input('ids', 'int64', [lookups]);
  const upstream = g.input('upstream', 'float32', [lookups, width]);
  const table = g.input('table', 'float32', [rows, width]);
  g.output(ScatterND(table, Unsqueeze(ids, [1]), upstream, 'add'), 'gradient');
  return g;
}

const random = new Random(5);
// A steep distribution, as words have it: some rows are read hundreds of times.
const ids = Array.from({ length: lookups }, () => Math.floor(random.uniform() ** 3 * rows));
const upstream = Float32Array.from({ length: lookups * width }, () => random.normal());
const expected = new Float64Array(rows * width);
ids.forEach((row, n) => {
  for (let j = 0; j < width; j++) expected[row * width + j]! += upstream[n * width + j]!;
});

it.each([...Object.keys(LOOKUPS), 'ScatterND'])(`%s: the same in every run on ${threads} threads`, async (name) => {
  const session = await OrtSession.create(LOOKUPS[name] ? build(LOOKUPS[name]) : scatterGraph(), { threads });
  const feeds = {
    ids: { data: BigInt64Array.from(ids, BigInt), dims: [lookups] },
    upstream: { data: upstream, dims: [lookups, width] },
    table: { data: new Float32Array(rows * width), dims: [rows, width] },
  };
  const needed = Object.fromEntries(Object.entries(feeds).filter(([input]) => session.inputNames.includes(input)));
  const first = (await session.run(needed)).gradient!.data as Float32Array;
  const worst = first.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(1e-4);
  const runs = name === 'Gather' ? manyRuns : someRuns;
  for (let run = 1; run < runs; run++) {
    const again = (await session.run(needed)).gradient!.data;
    expect(Buffer.compare(Buffer.from(again.buffer), Buffer.from(first.buffer))).toBe(0);
  }
  await session.release();
});
