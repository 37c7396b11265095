// The whole way on both devices: 50 steps of the demo's model and 200 predictions through WebGPU, against the CPU's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../../../trainer/model/safetensors.js';
import { runIsolated } from '../../isolated.js';
import { webgpuIsThere } from '../../require-webgpu.js';
import { temporaryFolder } from '../../store/temporary-store.js';
import { furthestApart } from '../executors/furthest-apart.js';
import type { DemoReport, DemoRun } from './demo-script.js';

const script = new URL('./demo-script.ts', import.meta.url);
const FAR = 1e-3;

function weightsIn(folder: string): Map<string, Float32Array> {
  const tensors = decodeSafetensors(readFileSync(join(folder, 'model.safetensors')));
  return new Map([...tensors].map(([name, { data }]) => [name, data]));
}

describe.skipIf(!(await webgpuIsThere()))('WebGPU against the CPU', () => {
  it('trains the same weights in 50 steps and gives the same 200 predictions', { timeout: 600_000 }, async () => {
    const folder = temporaryFolder();
    const on = async (device: DemoRun['device']) => {
      const outDir = join(folder, device);
      const report = await runIsolated<DemoReport>(script, { device, outDir, workDir: join(folder, `${device}-work`) });
      return { ...report, weights: weightsIn(outDir) };
    };
    const [cpu, webgpu] = [await on('cpu'), await on('webgpu')];
    const weights = furthestApart(cpu.weights, webgpu.weights);
    const apart = (a: number[], b: number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / cpu.range;
    const medians = apart(cpu.medians, webgpu.medians);
    const lower = apart(cpu.lower, webgpu.lower);
    console.log(
      `WebGPU and CPU after 50 steps: weights ${weights.toExponential(1)} apart, medians ${medians.toExponential(1)} and ` +
        `90% intervals ${lower.toExponential(1)} of the study's range; ` +
        `training ${webgpu.seconds.train.toFixed(1)} s (CPU ${cpu.seconds.train.toFixed(1)} s), ` +
        `predicting ${webgpu.seconds.predict.toFixed(1)} s (CPU ${cpu.seconds.predict.toFixed(1)} s)`,
    );
    expect(webgpu.medians).toHaveLength(200);
    expect(weights).toBeLessThan(FAR);
    expect(medians).toBeLessThan(FAR);
    expect(lower).toBeLessThan(FAR);
    expect(webgpu.left).toBe(0);
    expect(webgpu.log[0]).toMatch(/device webgpu: .+/);
    // Not a bit apart would mean that the CPU had answered twice.
    expect(weights).toBeGreaterThan(0);
  });
});
