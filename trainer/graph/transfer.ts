// Tensors to the GPU and back, many at once: sessions of Identity, the way that ONNX Runtime's Node binding has for it.
import type { DeviceTensor } from './device-tensor.js';
import { Graph } from './graph.js';
import { Identity } from './ops/shape.js';
import { type HostTensor, OrtSession, releaseAll, type SessionOptions } from './session.js';

/** Outputs carry the names of the inputs behind a prefix: a graph's names are one namespace. */
const OUTPUT = 'out.';

/** Copies float32 tensors of given names and shapes between this process and a device. */
export class Transfer {
  private readonly sessions: { up?: Promise<OrtSession>; down?: Promise<OrtSession> } = {};

  constructor(
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
    private readonly options: Partial<SessionOptions>,
  ) {}

  /** Copies to the device. The caller disposes of the copies, before this is released. */
  async upload(tensors: Record<string, HostTensor>): Promise<Map<string, DeviceTensor>> {
    if (this.shapes.size === 0) return new Map();
    this.sessions.up ??= OrtSession.create(this.graph(), { ...this.options, outputs: 'device' });
    return renamed(await (await this.sessions.up).runResident(tensors));
  }

  /** Copies back; the tensors on the device stay as they are. */
  async download(tensors: ReadonlyMap<string, DeviceTensor>): Promise<Map<string, Float32Array>> {
    if (this.shapes.size === 0) return new Map();
    this.sessions.down ??= OrtSession.create(this.graph(), { ...this.options, outputs: 'host' });
    const outputs = renamed(await (await this.sessions.down).run(Object.fromEntries(tensors)));
    return new Map([...outputs].map(([name, { data }]) => [name, data as Float32Array]));
  }

  async release(): Promise<void> {
    const sessions = Object.values(this.sessions);
    this.sessions.up = undefined;
    this.sessions.down = undefined;
    await releaseAll(sessions);
  }

  private graph(): Graph {
    const g = new Graph('transfer');
    for (const [name, shape] of this.shapes) g.output(Identity(g.input(name, 'float32', shape)), OUTPUT + name);
    return g;
  }
}

function renamed<T>(outputs: Record<string, T>): Map<string, T> {
  return new Map(Object.entries(outputs).map(([name, tensor]) => [name.slice(OUTPUT.length), tensor]));
}
