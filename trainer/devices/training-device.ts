// The device of one training: chosen when it begins, kept when it is taken up again, and given up for the CPU when it fails.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files.js';
import { GraphError } from '../graph/errors.js';
import { chooseDevice, type DeviceChoice } from './choose-device.js';
import { DEVICE_REQUESTS, type Device, type DeviceRequest } from './device.js';

const FILE = 'device';

export interface TrainingDeviceOptions {
  request: DeviceRequest;
  /** Folder of the training, where it remembers the device: two devices do not round alike. */
  workDir: string;
  log: (level: 'info' | 'warn', message: string) => void;
  choose?: (request: DeviceRequest) => Promise<DeviceChoice>;
}

/**
 * Calls `work` with the device of the training. Under `auto`, a GPU that fails on the way is given up: `work` is called again
 * with the CPU, and goes on from the last checkpoint.
 * @throws TrainerError `device_unavailable`, and whatever `work` throws
 */
export async function onTrainingDevice<T>(
  { request, workDir, log, choose = chooseDevice }: TrainingDeviceOptions,
  work: (device: Device) => Promise<T>,
): Promise<T> {
  const file = join(workDir, FILE);
  const begunOn = request === 'auto' ? await readDevice(file) : undefined;
  // The same again where it can be had, also where `auto` would by now take another.
  const choice = begunOn === undefined ? await choose(request) : await choose(begunOn).catch(() => choose(request));
  log(choice.level, choice.line);
  if (begunOn !== undefined && choice.device !== begunOn) {
    log(
      'warn',
      `The training was begun on ${begunOn}: its weights will differ in their last digits from what they would have been`,
    );
  }
  await writeFileAtomic(file, choice.device);
  try {
    return await work(choice.device);
  } catch (error) {
    // What ONNX Runtime refuses or breaks off comes as a GraphError; a driver that ends the process cannot be caught.
    if (request !== 'auto' || choice.device === 'cpu' || !(error instanceof GraphError)) throw error;
    log('warn', `device ${choice.device} failed, the training goes on with device cpu: ${error.message}`);
    await writeFileAtomic(file, 'cpu');
    return work('cpu');
  }
}

async function readDevice(file: string): Promise<Device | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return DEVICE_REQUESTS.filter((name) => name !== 'auto').find((name) => name === text);
}
