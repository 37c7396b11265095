// Loop and If against what plain TypeScript computes: state, captures, collected values, nesting, and a training inside a Loop.
import { describe, expect, it } from 'vitest';
import { Graph, gradients, type Value } from '../../../trainer/graph/graph.js';
import { If, Loop } from '../../../trainer/graph/ops/control-flow.js';
import { Add, Exp, Mul, Sub, Tanh } from '../../../trainer/graph/ops/elementwise.js';
import { Gather } from '../../../trainer/graph/ops/indexing.js';
import { Cast, Greater } from '../../../trainer/graph/ops/logic.js';
import { MatMul } from '../../../trainer/graph/ops/matmul.js';
import { ReduceMean, ReduceSum } from '../../../trainer/graph/ops/reduce.js';
import { Concat } from '../../../trainer/graph/ops/shape.js';
import { Random } from '../../../trainer/random.js';
import { numbers, runOnce } from './kit.js';

const f64 = (values: readonly number[], ...dims: number[]) => ({ data: Float64Array.from(values), dims });

describe('Loop', () => {
  it('carries state, reads outer values and collects', async () => {
    const g = new Graph();
    const x = g.input('x', 'float64', [2]);
    const rate = g.input('rate', 'float64', []);
    const { carried, scan } = Loop(g, 4, [x], (iteration, state) => {
      const next = Add(Mul(state!, rate), Cast(iteration, 'float64'));
      return { carried: [next], scan: [next, iteration] };
    });
    expect(scan[0]!.shape).toEqual([4, 2]);
    g.output(carried[0]!, 'last');
    g.output(scan[0]!, 'all');
    g.output(scan[1]!, 'iterations');
    const result = await runOnce(g, { x: f64([1, -2], 2), rate: f64([0.5]) });
    const all: number[][] = [];
    let state = [1, -2];
    for (let i = 0; i < 4; i++) {
      state = state.map((v) => v * 0.5 + i);
      all.push(state);
    }
    expect(numbers(result.last!.data)).toEqual(state);
    expect(numbers(result.all!.data)).toEqual(all.flat());
    expect(numbers(result.iterations!.data)).toEqual([0, 1, 2, 3]);
  });

  it('takes the number of trips at run time, and may do none', async () => {
    const g = new Graph();
    const trips = g.input('trips', 'int64', []);
    const { carried, scan } = Loop(g, trips, [g.scalar('float64', 1)], (_, v) => {
      const next = Mul(v!, 2);
      return { carried: [next], scan: [next] };
    });
    g.output(carried[0]!, 'power');
    // The number of trips is a symbol like any other: the sum over it needs no number.
    g.output(ReduceSum(scan[0]!, { keepdims: false }), 'sum');
    const at = async (n: number) => {
      const { power, sum } = await runOnce(g, { trips: { data: BigInt64Array.of(BigInt(n)), dims: [] } });
      return [power!.data[0], sum!.data[0]];
    };
    expect(await at(5)).toEqual([32, 62]);
    expect(await at(0)).toEqual([1, 0]);
  });

  it('does work that depends on no iteration once, outside', () => {
    const g = new Graph();
    const x = g.input('x', 'float64', [2]);
    let outer: Value | undefined;
    Loop(g, 3, [x], (_, state) => {
      outer = Exp(x);
      return { carried: [Add(state!, outer)] };
    });
    expect(outer!.graph).toBe(g);
  });

  it('returns captured values, inputs and one value twice', async () => {
    const g = new Graph();
    const x = g.input('x', 'float64', [2]);
    const y = g.input('y', 'float64', [2]);
    const { carried, scan } = Loop(g, 3, [x, y], (_, a, b) => ({ carried: [b!, a!], scan: [y, a!, a!] }));
    [...carried, ...scan].forEach((value, i) => {
      g.output(value, `o${i}`);
    });
    const { o0, o1, o2, o3, o4 } = await runOnce(g, { x: f64([1, 2], 2), y: f64([3, 4], 2) });
    expect([o0, o1].map((o) => numbers(o!.data))).toEqual([
      [3, 4],
      [1, 2],
    ]);
    expect(numbers(o2!.data)).toEqual([3, 4, 3, 4, 3, 4]);
    expect(numbers(o3!.data)).toEqual([1, 2, 3, 4, 1, 2]);
    expect(o4).toEqual(o3);
  });

  it('nests', async () => {
    const g = new Graph();
    const x = g.input('x', 'float64', []);
    const { carried } = Loop(g, 3, [g.scalar('float64', 0)], (i, sum) => {
      const outer = Cast(i, 'float64');
      const inner = Loop(i.graph, 2, [sum!], (j, s) => ({
        carried: [Add(s!, Add(Mul(outer, 10), Mul(x, Cast(j, 'float64'))))],
      }));
      return { carried: [inner.carried[0]!] };
    });
    g.output(carried[0]!, 'sum');
    const { sum } = await runOnce(g, { x: f64([0.5]) });
    expect(sum!.data[0]).toBe(2 * (0 + 10 + 20) + 3 * 0.5);
  });

  it('keeps symbolic sizes through the loop', async () => {
    const g = new Graph();
    const x = g.input('x', 'float64', ['batch', 3]);
    const { scan } = Loop(g, 2, [x], (_, v) => ({
      carried: [Mul(v!, 2)],
      scan: [ReduceMean(v!, { axes: 0, keepdims: false })],
    }));
    expect(scan[0]!.shape).toEqual([2, 3]);
    g.output(scan[0]!, 'means');
    const { means } = await runOnce(g, { x: f64([1, 2, 3, 3, 4, 5], 2, 3) });
    expect(numbers(means!.data)).toEqual([2, 3, 4, 4, 6, 8]);
  });
});

describe('If', () => {
  it('computes the branch that is taken, and only that', async () => {
    const g = new Graph();
    const index = g.input('index', 'int64', []);
    const table = g.input('table', 'float64', [3]);
    // An index out of range fails when it is read: the branch with the lookup must not run.
    const [y] = If(
      g,
      Greater(index, 2),
      () => [g.scalar('float64', -1)],
      () => [Gather(table, index)],
    );
    g.output(y!, 'y');
    const at = async (i: number) =>
      (await runOnce(g, { index: { data: BigInt64Array.of(BigInt(i)), dims: [] }, table: f64([5, 6, 7], 3) })).y!
        .data[0];
    expect(await at(1)).toBe(6);
    expect(await at(7)).toBe(-1);
  });

  it('gives results whose size depends on the branch, where their type is stated', async () => {
    const g = new Graph();
    const first = g.input('first', 'bool', []);
    const past = g.input('past', 'float64', ['past', 2]);
    const x = g.input('x', 'float64', [1, 2]);
    const types = [{ dtype: 'float64', shape: ['all', 2] }] as const;
    const [y] = If(
      g,
      first,
      () => [x],
      () => [Concat([past, x], 0)],
      types,
    );
    g.output(y!, 'y');
    const feeds = { past: f64([1, 2, 3, 4], 2, 2), x: f64([5, 6], 1, 2) };
    const run = async (flag: number) =>
      (await runOnce(g, { ...feeds, first: { data: Uint8Array.of(flag), dims: [] } })).y!;
    expect((await run(1)).dims).toEqual([1, 2]);
    expect(numbers((await run(0)).data)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('training inside a Loop', () => {
  const [samples, width, hidden, steps, rate] = [8, 3, 5, 25, 0.05] as const;
  const random = new Random(11);
  const draw = (n: number) => Array.from({ length: n }, () => random.normal());
  const data = { x: draw(samples * width), y: draw(samples), w1: draw(width * hidden), w2: draw(hidden) };

  /** The same steps by hand: y = tanh(x·w1)·w2, mean squared error, gradient descent. */
  function plain() {
    const w1 = [...data.w1];
    const w2 = [...data.w2];
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      const d1 = w1.map(() => 0);
      const d2 = w2.map(() => 0);
      let loss = 0;
      for (let n = 0; n < samples; n++) {
        const x = data.x.slice(n * width, (n + 1) * width);
        const h = w2.map((_, j) => Math.tanh(x.reduce((sum, v, i) => sum + v * w1[i * hidden + j]!, 0)));
        const error = h.reduce((sum, v, j) => sum + v * w2[j]!, 0) - data.y[n]!;
        loss += error ** 2 / samples;
        h.forEach((v, j) => {
          d2[j]! += (2 * error * v) / samples;
          for (let i = 0; i < width; i++) d1[i * hidden + j]! += ((2 * error) / samples) * w2[j]! * (1 - v * v) * x[i]!;
        });
      }
      losses.push(loss);
      for (const [i, d] of d1.entries()) w1[i]! -= rate * d;
      for (const [j, d] of d2.entries()) w2[j]! -= rate * d;
    }
    return { w1, w2, losses };
  }

  it('reaches the weights and losses of plain TypeScript', async () => {
    const g = new Graph();
    const x = g.input('x', 'float64', ['samples', width]);
    const y = g.input('y', 'float64', ['samples', 1]);
    const w1 = g.initializer('w1', 'float64', [width, hidden], Float64Array.from(data.w1));
    const w2 = g.initializer('w2', 'float64', [hidden, 1], Float64Array.from(data.w2));
    const { carried, scan } = Loop(g, steps, [w1, w2], (_, a, b) => {
      const error = Sub(MatMul(Tanh(MatMul(x, a!)), b!), y);
      const loss = ReduceMean(Mul(error, error), { keepdims: false });
      const [da, db] = gradients(loss, [a!, b!]);
      return { carried: [Sub(a!, Mul(da!, rate)), Sub(b!, Mul(db!, rate))], scan: [loss] };
    });
    g.output(carried[0]!, 'trained.w1');
    g.output(carried[1]!, 'trained.w2');
    g.output(scan[0]!, 'losses');
    const result = await runOnce(g, { x: f64(data.x, samples, width), y: f64(data.y, samples, 1) });
    const expected = plain();
    const close = (name: string, values: readonly number[]) => {
      const got = numbers(result[name]!.data);
      expect(got).toHaveLength(values.length);
      got.forEach((v, i) => void expect(v).toBeCloseTo(values[i]!, 12));
    };
    close('trained.w1', expected.w1);
    close('trained.w2', expected.w2);
    close('losses', expected.losses);
    expect(expected.losses.at(-1)!).toBeLessThan(expected.losses[0]! / 2);
  });
});
