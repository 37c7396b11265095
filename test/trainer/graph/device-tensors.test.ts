// Tensors that stay on the GPU: there and back unchanged, freed once, and never used in a way that native code does not survive.
import { describe, expect, it } from 'vitest';
import { runIsolated } from '../../isolated.js';
import { webgpuIsThere } from '../../require-webgpu.js';

interface Report {
  values: number[];
  unchanged: number[];
  live: number;
  left: number;
  codes: Record<string, string>;
}

describe.skipIf(!(await webgpuIsThere()))('tensors on the GPU', () => {
  it('go there, from run to run and back, and are refused where native code would fall over them', async () => {
    const report = await runIsolated<Report>(new URL('./device-tensors-script.ts', import.meta.url));
    const float32 = (values: number[]) => [...Float32Array.from(values)];
    expect(report.values).toEqual(float32([4, -8, 12e-30]));
    expect(report.unchanged).toEqual(float32([1, -2, 3e-30]));
    expect([report.live, report.left]).toEqual([3, 0]);
    expect(report.codes).toEqual({
      'a node that WebGPU cannot run': 'SESSION_INVALID_MODEL',
      'a tensor of the GPU fed to the CPU': 'SESSION_INVALID_FEED',
      "outputs on the device read as the host's": 'GRAPH_INVALID_ARGUMENT',
      'a session released before its outputs': 'SESSION_IN_USE',
      'a tensor of another shape': 'SESSION_INVALID_FEED',
      'a tensor disposed of twice': 'TENSOR_DISPOSED',
      'a tensor used after it was disposed of': 'TENSOR_DISPOSED',
    });
  });
});
