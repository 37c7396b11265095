// Training through WebGPU against training on the CPU: the same losses and weights, nothing left behind, memory flat.
import { describe, expect, it } from 'vitest';
import { trainableSpecs } from '../../../trainer/model/trainable.js';
import { runIsolated } from '../../isolated.js';
import { webgpuIsThere } from '../../require-webgpu.js';
import { type OptimizerName, optimizers } from './every-optimizer.js';
import { smallModel } from './small-training.js';
import type { Course, CourseReport } from './webgpu-script.js';

const script = new URL('./webgpu-script.ts', import.meta.url);
const compare = (course: Partial<Course> & { optimizer: OptimizerName }) =>
  runIsolated<CourseReport>(script, { rank: 0, accumulate: 1, runSteps: 2, runs: 1, ...course });

const FAR = 1e-3;

function expectClose(report: CourseReport): void {
  const { weights, state, loss, gradientNorm } = report;
  for (const [name, apart] of Object.entries({ weights, state, loss, gradientNorm })) {
    expect(apart, name).toBeLessThan(FAR);
  }
  expect(report.left).toBe(0);
}

describe.skipIf(!(await webgpuIsThere()))('WebGpuExecutor', () => {
  it.each(Object.keys(optimizers) as OptimizerName[])(
    "%s takes the CPU's steps with no node on the CPU",
    async (optimizer) => {
      const report = await compare({ optimizer });
      expectClose(report);
      expect(report.steps).toBe(2);
    },
  );

  it('adds up micro-batches', async () => {
    expectClose(await compare({ optimizer: 'adamw', accumulate: 4 }));
  });

  it('trains an adapter beside frozen weights', async () => {
    const report = await compare({ optimizer: 'adamw', rank: 2, runs: 2 });
    expectClose(report);
    expect(report.losses).toHaveLength(4);
  });

  it('goes on from a state that was read back, reads losses of many steps, and keeps its memory over 200 steps', async () => {
    const report = await compare({ optimizer: 'adamw', runSteps: 40, runs: 5 });
    expectClose(report);
    expect(report.steps).toBe(200);
    expect(report.losses).toHaveLength(200);
    const [early, late] = [report.memory[1]!, report.memory.at(-1)!];
    console.log(
      `WebGPU, resident memory: ${report.memory.map((m) => m.toFixed(0)).join(', ')} MiB after 40, 80, … 200 steps`,
    );
    // Parameters and two moments of each; all else has been disposed of.
    expect(report.live).toBe(3 * trainableSpecs(smallModel).length);
    // Kept, the states of these 120 steps would be 13 MiB, without what is lost to the rounding of buffers.
    expect(late - early).toBeLessThan(12);
  });
});
