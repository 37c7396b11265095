// What tensors on the GPU do and refuse, tried in a process of its own: what is refused here ends a process in native code.
import { sessionOptions } from '../../../trainer/devices/device.js';
import { DeviceTensor, disposeAll } from '../../../trainer/graph/device-tensor.js';
import { Graph, GraphError } from '../../../trainer/graph/graph.js';
import { Loop } from '../../../trainer/graph/ops/control-flow.js';
import { Mul } from '../../../trainer/graph/ops/elementwise.js';
import { OrtSession, type SessionOptions } from '../../../trainer/graph/session.js';
import { Transfer } from '../../../trainer/graph/transfer.js';
import { isolated } from '../../isolated.js';

const webgpu = sessionOptions('webgpu', 1);

function doubling(options: Partial<SessionOptions>): Promise<OrtSession> {
  const g = new Graph();
  g.output(Mul(g.input('x', 'float32', [3]), 2), 'y');
  return OrtSession.create(g, options);
}

function looping(): Graph {
  const g = new Graph();
  const { carried } = Loop(g, 3, [g.input('x', 'float32', [3])], (_, x) => ({ carried: [Mul(x!, 2)] }));
  g.output(carried[0]!, 'y');
  return g;
}

async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action();
    return 'no error';
  } catch (error) {
    return error instanceof GraphError ? error.code : String(error);
  }
}

const transfer = new Transfer(new Map([['x', [3]]]), webgpu);
const resident = await doubling({ ...webgpu, outputs: 'device' });
const onCpu = await doubling({});

const x = (await transfer.upload({ x: { data: Float32Array.of(1, -2, 3e-30), dims: [3] } })).get('x')!;
const { y } = await resident.runResident({ x });
const { y: z } = await resident.runResident({ x: y! });
const values = await transfer.download(new Map([['x', z!]]));
const unchanged = await transfer.download(new Map([['x', x]]));
const live = DeviceTensor.live;

const codes = {
  'a node that WebGPU cannot run': await codeOf(() => OrtSession.create(looping(), webgpu)),
  'a tensor of the GPU fed to the CPU': await codeOf(() => onCpu.run({ x })),
  "outputs on the device read as the host's": await codeOf(() => resident.run({ x })),
  'a session released before its outputs': await codeOf(() => resident.release()),
  'a tensor of another shape': await codeOf(async () => {
    const other = new Transfer(new Map([['x', [2]]]), webgpu);
    const short = (await other.upload({ x: { data: Float32Array.of(1, 2), dims: [2] } })).get('x')!;
    try {
      await resident.runResident({ x: short });
    } finally {
      short.dispose();
      await other.release();
    }
  }),
  'a tensor disposed of twice': await codeOf(() => {
    x.dispose();
    x.dispose();
  }),
  'a tensor used after it was disposed of': await codeOf(() => resident.runResident({ x })),
};
disposeAll([y!, z!]);
await Promise.all([transfer.release(), resident.release(), onCpu.release()]);
isolated.report({
  values: [...values.get('x')!],
  unchanged: [...unchanged.get('x')!],
  live,
  left: DeviceTensor.live,
  codes,
});
