// Runs a product of two small matrices on one device, and says whether it came out right. A process of its own, because a
// broken driver ends the process that it is loaded into.
import { Graph } from '../graph/graph.js';
import { MatMul } from '../graph/ops/matmul.js';
import { OrtSession } from '../graph/session.js';
import { type Device, sessionOptions } from './device.js';

/** What the process tells its parent before it ends. */
export type ProbeAnswer = { works: true } | { works: false; reason: string };

const SIDE = 8;

async function tryDevice(device: Device): Promise<ProbeAnswer> {
  const g = new Graph('probe');
  const x = g.input('x', 'float32', [SIDE, SIDE]);
  g.output(MatMul(x, x), 'y');
  try {
    const session = await OrtSession.create(g, sessionOptions(device, 1));
    const { y } = await session.run({ x: { data: new Float32Array(SIDE * SIDE).fill(1), dims: [SIDE, SIDE] } });
    const right = (y!.data as Float32Array).every((value) => value === SIDE);
    return right ? { works: true } : { works: false, reason: 'a product of two small matrices came out wrong' };
  } catch (error) {
    return { works: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

const answer = await tryDevice(process.argv[2] as Device);
// The memory of the device is not given back one by one: the end of the process does that, and surely.
process.send?.(answer, () => process.exit(0));
