// Which device is taken, and what is said of the others: every answer of a probe, and this machine's own.
import { describe, expect, it } from 'vitest';
import { chooseDevice, type DeviceChoice } from '../../../trainer/devices/choose-device.js';
import type { DeviceRequest } from '../../../trainer/devices/device.js';
import type { Gpu, Probe } from '../../../trainer/devices/probe.js';
import { runIsolated } from '../../isolated.js';
import { webgpuIsThere } from '../../require-webgpu.js';

const missing: Probe = { found: 'missing', reason: 'no GPU with a driver for it was found' };
const failing: Probe = { found: 'failing', reason: 'the process that tried it ended with SIGSEGV' };
const card: Probe = { found: 'works', name: 'NVIDIA L4', software: false };
const imitation: Probe = { found: 'works', name: 'llvmpipe', software: true };
const unknown: Probe = { found: 'works', name: 'an adapter of unknown name', software: undefined };

const choose = (request: DeviceRequest, cuda: Probe, webgpu: Probe) => {
  const answers: Record<Gpu, Probe> = { cuda, webgpu };
  return chooseDevice(request, async (device) => answers[device]);
};

const withWebGpu = await webgpuIsThere();

describe('auto', () => {
  it.each([
    ['CUDA where it works', card, card, 'cuda', 'info', /^device cuda: NVIDIA L4$/],
    [
      'WebGPU where CUDA is missing',
      missing,
      card,
      'webgpu',
      'info',
      /^device webgpu: NVIDIA L4; cuda is not used: no GPU/,
    ],
    [
      'WebGPU where CUDA fails',
      failing,
      card,
      'webgpu',
      'info',
      /cuda is not used: the process that tried it ended with SIGSEGV/,
    ],
    [
      'the CPU where nothing is there',
      missing,
      missing,
      'cpu',
      'warn',
      /^device cpu: .+; cuda is not used: .+; webgpu is not used: no GPU/,
    ],
    [
      'the CPU where the adapter is software',
      missing,
      imitation,
      'cpu',
      'warn',
      /webgpu is not used: llvmpipe is a software adapter/,
    ],
    [
      'the CPU where the adapter is unknown',
      missing,
      unknown,
      'cpu',
      'warn',
      /perhaps in software; ask for it by name/,
    ],
    ['the CPU where all fail', failing, failing, 'cpu', 'warn', /webgpu is not used: the process/],
  ] as const)('takes %s', async (_, cuda, webgpu, device, level, line) => {
    const choice = await choose('auto', cuda, webgpu);
    expect(choice).toMatchObject({ device, level });
    expect(choice.line).toMatch(line);
  });
});

describe('by name', () => {
  it('takes a software adapter, and calls it one', async () => {
    const choice = await choose('webgpu', missing, imitation);
    expect(choice).toMatchObject({ device: 'webgpu', software: true, level: 'warn' });
    expect(choice.line).toMatch(/llvmpipe, a software adapter/);
  });

  it.each([
    ['cuda', missing, card, /Device cuda was asked for and cannot be used: no GPU .+NVIDIA driver/],
    ['webgpu', card, failing, /Device webgpu was asked for and cannot be used: the process .+Vulkan/],
  ] as const)('%s is an error where it cannot be', async (request, cuda, webgpu, message) => {
    await expect(choose(request, cuda, webgpu)).rejects.toMatchObject({
      code: 'device_unavailable',
      message: expect.stringMatching(message),
    });
  });

  it('the CPU is not looked for', async () => {
    const noProbe = () => Promise.reject(new Error('probed'));
    expect(await chooseDevice('cpu', noProbe)).toMatchObject({ device: 'cpu', level: 'info' });
  });
});

describe('on this machine', () => {
  it('says that CUDA is not installed, and how it is', async () => {
    await expect(chooseDevice('cuda')).rejects.toMatchObject({
      message: expect.stringMatching(/npm run cuda:install|has no CUDA provider/),
    });
  });

  it.skipIf(process.platform !== 'linux')(
    'goes without a GPU that has no driver, unless it was asked for by name',
    async () => {
      const script = new URL('./no-driver-script.ts', import.meta.url);
      const { auto, byName } = await runIsolated<{ auto: DeviceChoice; byName: string }>(script);
      expect(auto).toMatchObject({ device: 'cpu', level: 'warn' });
      expect(auto.line).toMatch(/; webgpu is not used: no GPU with a driver for it was found/);
      expect(byName).toMatch(/^Device webgpu was asked for and cannot be used: no GPU with a driver .+Vulkan/);
    },
  );

  it.skipIf(!withWebGpu)('names the adapter of WebGPU', async () => {
    const choice = await chooseDevice('webgpu');
    console.log(choice.line);
    expect(choice.device).toBe('webgpu');
    if (process.platform === 'linux') expect(choice.adapter).toMatch(/\(Vulkan, \S+\)$/);
    // In CI the adapter is Mesa's, in software: auto passes it by.
    if (choice.software) expect(await chooseDevice('auto')).toMatchObject({ device: 'cpu', level: 'warn' });
  });
});
