// Predictions on a GPU that fails: under auto the CPU answers from then on, by name it is an error.
import { describe, expect, it } from 'vitest';
import { DeviceFallback } from '../../service/prediction/device-fallback.js';
import type { Device } from '../../trainer/devices/device.js';
import { GraphError } from '../../trainer/graph/errors.js';

const lost = new GraphError('SESSION_RUN_FAILED', 'ONNX Runtime failed: device lost');

function answering(device: Device, mayFallBack: boolean, clearing = async () => {}) {
  const made: Device[] = [];
  const warnings: string[] = [];
  const cleared: Device[] = [];
  const make = (on: Device) => {
    made.push(on);
    return {
      on,
      clear: async () => {
        cleared.push(on);
        await clearing();
      },
    };
  };
  const fallback = new DeviceFallback({ device, mayFallBack, make, warn: (message) => warnings.push(message) });
  return { fallback, made, warnings, cleared };
}

const onGpuFails = (error: Error) => async (models: { on: Device }) => {
  if (models.on !== 'cpu') throw error;
  return models.on;
};

describe('DeviceFallback', () => {
  it('answers on the CPU from the failure on', async () => {
    const { fallback, made, warnings, cleared } = answering('webgpu', true);
    expect(await fallback.use(async ({ on }) => on)).toBe('webgpu');
    expect(await fallback.use(onGpuFails(lost))).toBe('cpu');
    expect(await fallback.use(async ({ on }) => on)).toBe('cpu');
    expect([made, cleared]).toEqual([['webgpu', 'cpu'], ['webgpu']]);
    expect(warnings).toEqual([expect.stringMatching(/^device webgpu failed, .*device lost/)]);
  });

  it('changes over once for all that were under way', async () => {
    const { fallback, made, cleared } = answering('webgpu', true);
    expect(await Promise.all([1, 2, 3].map(() => fallback.use(onGpuFails(lost))))).toEqual(['cpu', 'cpu', 'cpu']);
    expect([made, cleared]).toEqual([['webgpu', 'cpu'], ['webgpu']]);
  });

  it('does so though the device does not give its memory back', async () => {
    const { fallback, warnings } = answering('webgpu', true, () => Promise.reject(lost));
    expect(await fallback.use(onGpuFails(lost))).toBe('cpu');
    expect(warnings[1]).toMatch(/memory is not given back/);
  });

  it.each([
    ['a GPU asked for by name', 'webgpu', false, lost],
    ["what is not the GPU's fault", 'webgpu', true, new Error('no such model')],
    ['the CPU', 'cpu', true, lost],
  ] as const)('passes on the error of %s', async (_, device, mayFallBack, error) => {
    const { fallback, made } = answering(device, mayFallBack);
    await expect(fallback.use(() => Promise.reject(error))).rejects.toBe(error);
    expect(made).toEqual([device]);
  });
});
