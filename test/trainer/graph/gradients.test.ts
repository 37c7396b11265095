// The walk itself: paths that meet, paths that end, values in between, and what the gradients of products cost.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Graph, gradients, type Value } from '../../../trainer/graph/graph.js';
import { lower } from '../../../trainer/graph/lower.js';
import { Loop } from '../../../trainer/graph/ops/control-flow.js';
import { Add, Exp, Floor, Max, Min, Mul, Relu, Sub } from '../../../trainer/graph/ops/elementwise.js';
import { MatMul } from '../../../trainer/graph/ops/matmul.js';
import { ReduceMax, ReduceMean, ReduceSum } from '../../../trainer/graph/ops/reduce.js';
import { Identity, Reshape, Split, StopGradient, Transpose } from '../../../trainer/graph/ops/shape.js';
import { Softmax } from '../../../trainer/graph/ops/softmax.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import { numbers, runOnce } from './kit.js';

const sum = (x: Value) => ReduceSum(x, { keepdims: false });

/** The gradients of Σ f(x), x = values. */
async function slopes(values: readonly number[], f: (x: Value) => Value): Promise<number[]> {
  const g = new Graph();
  const x = g.input('x', 'float64', [values.length]);
  g.output(gradients(sum(f(x)), [x])[0]!, 'd');
  return numbers((await runOnce(g, { x: { data: Float64Array.from(values), dims: [values.length] } })).d!.data);
}

describe('paths', () => {
  it('add up where they meet', async () => {
    expect(await slopes([2, 3], (x) => Add(Mul(x, x), Add(x, Mul(x, 5))))).toEqual([10, 12]);
  });

  it('end at StopGradient and at conditions', async () => {
    expect(await slopes([2, 3], (x) => Mul(x, StopGradient(x)))).toEqual([2, 3]);
    expect(await slopes([2.5, 3], (x) => Floor(x))).toEqual([0, 0]);
  });

  it('give zeros where the loss does not depend on the value, also with unknown sizes', async () => {
    const g = new Graph();
    const x = g.input('x', 'float64', ['batch', 2]);
    const other = g.input('other', 'float64', ['batch', 'len']);
    const [zeros] = gradients(sum(x), [other]);
    expect(zeros!.shape).toEqual(['batch', 'len']);
    g.output(zeros!, 'd');
    const feeds = {
      x: { data: new Float64Array(4), dims: [2, 2] },
      other: { data: new Float64Array(6), dims: [2, 3] },
    };
    feeds.other.data.fill(7);
    const { d } = await runOnce(g, feeds);
    expect(d).toEqual({ data: new Float64Array(6), dims: [2, 3] });
  });

  it('give the gradient of values in between, and of the loss itself', async () => {
    const g = new Graph();
    const x = g.input('x', 'float64', []);
    const middle = Mul(x, 3);
    const loss = Mul(middle, middle);
    const [dLoss, dMiddle, dx] = gradients(loss, [loss, middle, x]);
    for (const [name, value] of Object.entries({ dLoss, dMiddle, dx })) g.output(value!, name);
    const result = await runOnce(g, { x: { data: Float64Array.of(2), dims: [] } });
    expect([result.dLoss, result.dMiddle, result.dx].map((r) => r!.data[0])).toEqual([1, 12, 36]);
  });

  it('pass through one of several outputs', async () => {
    expect(await slopes([1, 2, 3], (x) => Mul(Split(x, [1, 2], 0)[1]!, 4))).toEqual([0, 4, 4]);
  });

  it('differentiate gradients', async () => {
    const cube = (x: Value) => Mul(x, Mul(x, x));
    expect(await slopes([2, 3], (x) => gradients(sum(cube(x)), [x])[0]!)).toEqual([12, 18]);
  });

  it('share ties as documented', async () => {
    expect(await slopes([1, 2, 2], (x) => ReduceMax(x))).toEqual([0, 0.5, 0.5]);
    expect(await slopes([1], (x) => Add(Max(x, 1), Min(x, 1)))).toEqual([2]);
    expect(await slopes([0, 1], (x) => Relu(x))).toEqual([0, 1]);
  });
});

describe('economy', () => {
  /** The operators that are written for an output. */
  function written(outputs: readonly Value[]): string[] {
    const g = outputs[0]!.graph;
    outputs.forEach((value, i) => void g.output(value, `o${i}`));
    return lower(g)
      .nodes.get(g)!
      .map(({ node }) => node.onnxType);
  }
  const count = (ops: readonly string[], op: string) => ops.filter((name) => name === op).length;

  it("contracts the batch of a weight's gradient inside one matrix product of two axes", () => {
    const g = new Graph();
    const x = g.input('x', 'float32', [6, 5, 8]);
    const w = g.input('w', 'float32', [8, 4]);
    const upstream = g.input('g', 'float32', [6, 5, 4]);
    const [dw] = gradients(sum(Mul(MatMul(x, w), upstream)), [w]);
    const ops = written([dw!]);
    expect(dw!.shape).toEqual([8, 4]);
    expect(count(ops, 'MatMul')).toBe(1);
    expect(count(ops, 'ReduceSum')).toBe(0);
    const product = lower(g)
      .nodes.get(g)!
      .find(({ node }) => node.onnxType === 'MatMul')!;
    expect(product.inputs.map(({ shape }) => shape)).toEqual([
      [8, 30],
      [30, 4],
    ]);
  });

  it('sums a stretched operand once', () => {
    const g = new Graph();
    const bias = g.input('bias', 'float32', [1, 4]);
    const x = g.input('x', 'float32', ['a', 'b', 4]);
    const ops = written(gradients(sum(Exp(Add(x, bias))), [bias]));
    expect(count(ops, 'ReduceSum')).toBe(1);
  });

  it('reuses the output of Softmax and Exp', () => {
    const g = new Graph();
    const x = g.input('x', 'float32', [3]);
    const y = Softmax(Exp(x));
    const ops = written([y, ...gradients(sum(Mul(y, g.input('w', 'float32', [3]))), [x])]);
    expect([count(ops, 'Softmax'), count(ops, 'Exp')]).toEqual([1, 1]);
  });

  it('undoes transposes and merges reshapes, but keeps what a wanted value needs', () => {
    const g = new Graph();
    const x = g.input('x', 'float32', [2, 6]);
    const there = Transpose(x);
    const y = Exp(Reshape(Reshape(Identity(Transpose(there)), [12]), [3, 4]));
    expect(written([y])).toEqual(['Reshape', 'Exp']);
    expect(lower(g).outputs.get(g)).toHaveLength(1);
    // The value itself is untouched: gradients of what lies in between are still there to be had.
    expect(gradients(sum(y), [there])[0]!.producer).toBeDefined();
  });

  it('writes what is equal once, and nothing that is not read', () => {
    const g = new Graph();
    const x = g.input('x', 'float32', [3]);
    g.initializer('unused', 'float32', [3], new Float32Array(3));
    Exp(Mul(x, 7));
    const y = Sub(Exp(Mul(x, 2)), Mul(Exp(Mul(x, 2)), 3));
    expect(written([y])).toEqual(['Mul', 'Exp', 'Mul', 'Sub']);
    expect(lower(g).initializers.map(({ data }) => data![0])).toEqual([2, 3]);
  });
});

it('the example of docs/graph.md runs as it stands', async () => {
  const graph = new Graph('line');
  const x = graph.input('x', 'float32', ['points', 2]); // 'points' is known only when the model runs
  const y = graph.input('y', 'float32', ['points', 1]);
  const start = graph.initializer('w', 'float32', [2, 1], new Float32Array(2));

  const { carried, scan } = Loop(graph, 10, [start], (_iteration, w) => {
    const error = Sub(MatMul(x, w!), y);
    const loss = ReduceMean(Mul(error, error), { keepdims: false });
    const [slope] = gradients(loss, [w!]);
    return { carried: [Sub(w!, Mul(slope!, 0.1))], scan: [loss] };
  });
  graph.output(carried[0]!, 'trained');
  graph.output(scan[0]!, 'losses');

  const session = await OrtSession.create(graph, { threads: 1 });
  const { trained, losses } = await session.run({
    x: { data: Float32Array.of(1, 0, 1, 1, 1, 2), dims: [3, 2] },
    y: { data: Float32Array.of(1, 3, 5), dims: [3, 1] },
  });
  await session.release();

  const spaceless = (text: string) => text.replaceAll(/\s/g, '');
  const page = readFileSync(new URL('../../../docs/graph.md', import.meta.url), 'utf8');
  const example = page.match(/```ts\n([\s\S]*?)```/)![1]!.replaceAll(/^import.*\n/gm, '');
  expect(spaceless(readFileSync(new URL(import.meta.url), 'utf8'))).toContain(spaceless(example));

  const [intercept, slope] = numbers(trained!.data);
  expect(Math.abs(intercept! - 1)).toBeLessThan(0.5);
  expect(Math.abs(slope! - 2)).toBeLessThan(0.5);
  expect(losses!.dims).toEqual([10]);
  expect(Number(losses!.data[9])).toBeLessThan(Number(losses!.data[0]) / 20);
});
