// The device of a training over its life: kept when it is taken up again, given up when it fails on the way.
import { describe, expect, it } from 'vitest';
import type { DeviceChoice } from '../../../trainer/devices/choose-device.js';
import type { Device, DeviceRequest } from '../../../trainer/devices/device.js';
import { onTrainingDevice } from '../../../trainer/devices/training-device.js';
import { GraphError } from '../../../trainer/graph/errors.js';
import { temporaryFolder } from '../../store/temporary-store.js';

const lost = new GraphError('SESSION_RUN_FAILED', 'ONNX Runtime failed: device lost');

/** A machine whose `auto` is `best`, and that has no other GPU than `others`; says what was logged, asked for, and worked on. */
function machine(best: Device, others: readonly Device[] = []) {
  const log: string[] = [];
  const asked: DeviceRequest[] = [];
  const worked: Device[] = [];
  const choose = async (request: DeviceRequest): Promise<DeviceChoice> => {
    asked.push(request);
    if (request !== 'auto' && request !== 'cpu' && request !== best && !others.includes(request)) throw lost;
    const device = request === 'auto' ? best : request;
    return { device, adapter: 'a chip', software: false, line: `device ${device}: a chip`, level: 'info' };
  };
  const train = (request: DeviceRequest, workDir: string, work: (device: Device) => Promise<string>) =>
    onTrainingDevice(
      { request, workDir, choose, log: (level, message) => log.push(`${level}: ${message}`) },
      (device) => {
        worked.push(device);
        return work(device);
      },
    );
  return { log, asked, worked, train };
}

const fails = (device: Device, error: Error) => async (on: Device) => {
  if (on === device) throw error;
  return `done on ${on}`;
};

describe('a GPU that fails on the way', () => {
  it('is given up for the CPU under auto, and stays so when the training is taken up again', async () => {
    const workDir = temporaryFolder();
    const first = machine('webgpu');
    expect(await first.train('auto', workDir, fails('webgpu', lost))).toBe('done on cpu');
    expect(first.worked).toEqual(['webgpu', 'cpu']);
    expect(first.log.at(-1)).toMatch(
      /^warn: device webgpu failed, the training goes on with device cpu: .*device lost/,
    );
    const second = machine('webgpu');
    await second.train('auto', workDir, async () => '');
    expect([second.asked, second.worked]).toEqual([['cpu'], ['cpu']]);
  });

  it('is an error where it was asked for by name', async () => {
    const { train, worked } = machine('cpu', ['webgpu']);
    await expect(train('webgpu', temporaryFolder(), fails('webgpu', lost))).rejects.toBe(lost);
    expect(worked).toEqual(['webgpu']);
  });

  it('is not blamed for what else may go wrong', async () => {
    const { train, worked } = machine('webgpu');
    const full = new Error('the disk is full');
    await expect(train('auto', temporaryFolder(), fails('webgpu', full))).rejects.toBe(full);
    expect(worked).toEqual(['webgpu']);
  });
});

describe('a training that is taken up again', () => {
  it('says so where its device is gone', async () => {
    const workDir = temporaryFolder();
    await machine('webgpu').train('auto', workDir, async () => '');
    const { train, log, worked } = machine('cpu');
    await train('auto', workDir, async () => '');
    expect(worked).toEqual(['cpu']);
    expect(log).toContainEqual(expect.stringMatching(/^warn: The training was begun on webgpu/));
  });

  it('stays on the GPU that it was begun on, though auto would take another now', async () => {
    const workDir = temporaryFolder();
    await machine('webgpu').train('auto', workDir, async () => '');
    const { train, worked } = machine('cuda', ['webgpu']);
    await train('auto', workDir, async () => '');
    expect(worked).toEqual(['webgpu']);
  });

  it('stays on the CPU that it was begun on, though there is a GPU now', async () => {
    const workDir = temporaryFolder();
    await machine('cpu').train('auto', workDir, async () => '');
    const { train, log, worked } = machine('cuda');
    await train('auto', workDir, async () => '');
    expect(worked).toEqual(['cpu']);
    expect(log).toEqual(['info: device cpu: a chip']);
  });
});
