// What answers predictions, on a device that may fail: under auto, a GPU that does is given up for the CPU.
import type { Device } from '../../trainer/devices/device.js';
import { GraphError } from '../../trainer/graph/errors.js';

export interface DeviceFallbackOptions<T> {
  device: Device;
  mayFallBack: boolean;
  make: (device: Device) => T;
  warn: (message: string) => void;
}

export class DeviceFallback<T extends { clear(): Promise<void> }> {
  private device: Device;
  private current: T;

  constructor(private readonly options: DeviceFallbackOptions<T>) {
    this.device = options.device;
    this.current = options.make(options.device);
  }

  /** Calls `work` with what runs on the device, and once more with what runs on the CPU where the device fails. */
  async use<R>(work: (current: T) => Promise<R>): Promise<R> {
    const used = this.current;
    try {
      return await work(used);
    } catch (error) {
      // What ONNX Runtime refuses or breaks off comes as a GraphError; a driver that ends the process cannot be caught.
      if (used === this.current && this.device === 'cpu') throw error;
      if (!this.options.mayFallBack || !(error instanceof GraphError)) throw error;
      // Several requests may have met the same failure: the first of them changes over for all.
      if (used !== this.current) return work(this.current);
      this.options.warn(`device ${this.device} failed, predictions go on with device cpu: ${error.message}`);
      this.device = 'cpu';
      this.current = this.options.make('cpu');
      // A device that has failed may fail to give its memory back too.
      await used.clear().catch((cause: unknown) => this.options.warn(`its memory is not given back: ${String(cause)}`));
      return work(this.current);
    }
  }

  clear(): Promise<void> {
    return this.current.clear();
  }
}
