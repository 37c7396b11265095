// Sessions: what they refuse, each with its code, and every code of the table accounted for.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GRAPH_ERRORS, Graph } from '../../../trainer/graph/graph.js';
import { Add } from '../../../trainer/graph/ops/elementwise.js';
import { Gather } from '../../../trainer/graph/ops/indexing.js';
import { OrtSession } from '../../../trainer/graph/session.js';

let session: OrtSession;
beforeAll(async () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['batch', 2]);
  const at = g.input('at', 'int64', []);
  g.output(Gather(Add(x, 1), at), 'y');
  session = await OrtSession.create(g, { threads: 1 });
});
afterAll(() => session.release());

const x = { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] };
const at = { data: BigInt64Array.of(1n), dims: [] };

it('runs', async () => {
  expect(session.inputNames).toEqual(['x', 'at']);
  expect(session.outputNames).toEqual(['y']);
  expect(await session.run({ x, at })).toEqual({ y: { data: Float32Array.of(4, 5), dims: [2] } });
});

it.each([
  ['a missing feed', { x }, "feed 'at' is an input of the model and was not fed"],
  ['an unknown feed', { x, at, z: at }, "feed 'z' is no input of the model: it has x, at"],
  ['another rank', { x: { ...x, dims: [4] }, at }, "feed 'x' has the shape [batch,2], not [4]"],
  ['another size', { x: { ...x, dims: [1, 4] }, at }, "feed 'x' has the shape [batch,2], not [1,4]"],
  ['too little data', { x: { ...x, dims: [3, 2] }, at }, "feed 'x' [3,2] holds 6 elements, the data 4"],
  [
    'another type',
    { x: { data: new Float64Array(4), dims: [2, 2] }, at },
    "feed 'x' is float32, which Float64Array does not hold",
  ],
])('refuses %s', async (_, feeds, message) => {
  await expect(session.run(feeds)).rejects.toMatchObject({ code: 'SESSION_INVALID_FEED', message });
});

it('says when ONNX Runtime fails, and goes on after', async () => {
  const far = { data: BigInt64Array.of(9n), dims: [] };
  await expect(session.run({ x, at: far })).rejects.toMatchObject({ code: 'SESSION_RUN_FAILED' });
  expect((await session.run({ x, at })).y!.dims).toEqual([2]);
});

it('refuses what is no model, and to run once released', async () => {
  await expect(OrtSession.create(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'SESSION_INVALID_MODEL' });
  const g = new Graph();
  g.output(g.scalar('float32', 1), 'y');
  const short = await OrtSession.create(g, { threads: 1 });
  await short.release();
  await expect(short.run({})).rejects.toMatchObject({ code: 'SESSION_RELEASED' });
});

it('refuses an option it does not know', async () => {
  const misspelt = { thread: 1 } as object;
  const message =
    "session option 'thread' is unknown: use threads, graphOptimizationLevel, executionProviders, memoryPattern, cpuFallback, outputs";
  await expect(OrtSession.create(new Graph(), misspelt)).rejects.toMatchObject({
    code: 'GRAPH_INVALID_ARGUMENT',
    message,
  });
});

it('switches telemetry off', async () => {
  delete process.env.ORT_DISABLE_TELEMETRY;
  const g = new Graph();
  g.output(g.scalar('float32', 1), 'y');
  await (await OrtSession.create(g, { threads: 1 })).release();
  expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1');
});

it('every error code is thrown somewhere and tried in a test, but for the one that would be a bug', () => {
  const read = (folder: string) => {
    const url = new URL(folder, import.meta.url);
    const files = readdirSync(url, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    return files.filter((name) => name !== 'errors.ts').map((name) => readFileSync(new URL(name, url), 'utf8'));
  };
  const source = read('../../../trainer/graph/').join('\n');
  const tests = read('./').join('\n');
  const codes = Object.keys(GRAPH_ERRORS).filter((code) => code !== 'GRAPH_INTERNAL');
  expect(codes.filter((code) => !source.includes(`'${code}'`))).toEqual([]);
  expect(codes.filter((code) => !tests.includes(`'${code}'`))).toEqual([]);
});
