// No operator escapes: each has a row in the gradient table and a line in the documentation, and the table can tell wrong from right.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Graph } from '../../../trainer/graph/graph.js';
import { registeredOps } from '../../../trainer/graph/op.js';
import '../../../trainer/graph/ops/control-flow.js';
import { Mul } from '../../../trainer/graph/ops/elementwise.js';
import { Cast } from '../../../trainer/graph/ops/logic.js';
import { StopGradient } from '../../../trainer/graph/ops/shape.js';
import { checkGradients, normal } from './kit.js';
import { NO_KERNEL, OP_CASES, type OpCase } from './op-cases.js';

/** Operators that have tests of their own instead of a row. */
const ELSEWHERE: Record<string, string> = {
  StopGradient: 'its gradient is 0 by definition, not the derivative: gradients.test.ts',
  Loop: 'control-flow.test.ts',
  If: 'control-flow.test.ts',
};

/** Whether a row has anything to differentiate: float inputs and a float output. */
function flows({ inputs, build }: OpCase): boolean {
  const graph = new Graph();
  const built = build(...inputs.map(({ dtype, dims }, i) => graph.input(`x${i}`, dtype, dims)));
  return inputs.some(({ dtype }) => dtype === 'float64') && [built].flat().some((output) => output.isFloat);
}

it('every operator has a row or a test of its own', () => {
  const missing = [...registeredOps().keys()].filter((op) => !ELSEWHERE[op] && !OP_CASES.some((row) => row.op === op));
  expect(missing).toEqual([]);
});

it('every operator with a gradient has a row in which a gradient flows', () => {
  for (const { name, noGradient } of registeredOps().values()) {
    if (noGradient !== undefined || ELSEWHERE[name]) continue;
    expect(
      OP_CASES.some((row) => row.op === name && row.inputs.some(({ dtype }) => dtype === 'float64')),
      name,
    ).toBe(true);
  }
});

it('documents every operator as it is, and no other', () => {
  const page = readFileSync(new URL('../../../docs/graph.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (yes|no) \| (float64|float32|–) \|/gm)];
  const documented = Object.fromEntries(rows.map(([, op, gradient, checked]) => [op, { gradient, checked }]));
  const actual = [...registeredOps().values()].map(({ name, noGradient }) => {
    const checks = OP_CASES.filter((row) => row.op === name && flows(row));
    const checked =
      noGradient || ELSEWHERE[name] ? '–' : checks.some((row) => !row.float32Only) ? 'float64' : 'float32';
    return [name, { gradient: noGradient ? 'no' : 'yes', checked }] as const;
  });
  expect(documented).toEqual(Object.fromEntries(actual));
});

it('notices a gradient that is wrong', async () => {
  const half = await checkGradients({ inputs: [normal(2, 3)], build: (x) => Mul(x, StopGradient(x)) });
  expect(half.worst).toBeCloseTo(0.5, 5);
  const cut = await checkGradients({ inputs: [normal(2, 3)], build: (x) => Cast(Cast(x, 'float32'), 'float64') });
  // A float32 in between has steps larger than the differences: the rule is right and the comparison must say otherwise.
  expect(cut.worst).toBeGreaterThan(1e-5);
});

it('checks in float32 for want of a kernel only what ONNX Runtime really refuses in float64', async () => {
  for (const { inputs, build } of OP_CASES.filter((row) => row.float32Only === NO_KERNEL)) {
    await expect(checkGradients({ inputs, build })).rejects.toThrow('Could not find an implementation');
  }
});
