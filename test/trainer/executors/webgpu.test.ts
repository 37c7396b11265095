// Training through WebGPU against training on the CPU: the same losses and weights, nothing left behind, memory flat.
import { describe, expect, it } from 'vitest';
import { trainableSpecs } from '../../../trainer/model/trainable.js';
import { OPTIMIZERS, type OptimizerName } from '../../../trainer/optimizers/optimizers.js';
import { runIsolated } from '../../isolated.js';
import { webgpuIsThere } from '../../require-webgpu.js';
import { smallModel } from './small-training.js';
import type { Course, CourseReport } from './webgpu-script.js';

const script = new URL('./webgpu-script.ts', import.meta.url);
const compare = (course: Partial<Course> & { optimizer: OptimizerName }) =>
  runIsolated<CourseReport>(script, { rank: 0, accumulate: 1, vocabulary: 40, runSteps: 5, runs: 1, ...course });

const FAR = 1e-3;

function expectClose(report: CourseReport): void {
  const { weights, state, loss, gradientNorm } = report;
  for (const [name, apart] of Object.entries({ weights, state, loss, gradientNorm })) {
    expect(apart, name).toBeLessThan(FAR);
  }
  expect(report.left).toBe(0);
}

describe.skipIf(!(await webgpuIsThere()))('WebGpuExecutor', { timeout: 240_000 }, () => {
  it.each(OPTIMIZERS)("%s takes the CPU's steps with no node on the CPU", async (optimizer) => {
    const report = await compare({ optimizer });
    expectClose(report);
    expect(report.steps).toBe(5);
  });

  it('adds up micro-batches', async () => {
    expectClose(await compare({ optimizer: 'adamw', accumulate: 4 }));
  });

  it('trains an adapter beside frozen weights', async () => {
    const report = await compare({ optimizer: 'adamw', rank: 2, runs: 2 });
    expectClose(report);
    expect(report.losses).toHaveLength(10);
  });

  it('goes on from a state that was read back, reads losses of many steps together, and keeps its memory over 200', async () => {
    const report = await compare({ optimizer: 'adamw', vocabulary: 20_000, runSteps: 40, runs: 5 });
    expectClose(report);
    expect(report.steps).toBe(200);
    expect(report.losses).toHaveLength(200);
    // Parameters and two moments of each: all else has been disposed of.
    expect(report.live).toBe(3 * trainableSpecs(smallModel).length);
    const [, early, ...later] = report.memory;
    console.log(
      `WebGPU, resident memory after 80, 120, 160 and 200 steps: ${report.memory.slice(1).map(Math.round).join(', ')} MiB`,
    );
    // Kept, the states of these 120 steps would be 450 MiB; drivers and compilers take some tens on their own account.
    expect(later.at(-1)! - early!).toBeLessThan(120);
  });
});
