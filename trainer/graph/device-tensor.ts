// A tensor that lives on the GPU between runs. ONNX Runtime frees its memory when told to and never by itself.
import type * as Ort from 'onnxruntime-node';
import { GraphError } from './errors.js';

let live = 0;

/** Output of `OrtSession.runResident`, to be fed to a later run of any session on the same device, and disposed of once. */
export class DeviceTensor {
  private native: Ort.Tensor | undefined;
  readonly dims: readonly number[];

  /** @internal Sessions make these. `onDispose` tells the one that did, which must outlive them. */
  constructor(
    tensor: Ort.Tensor,
    private readonly onDispose: () => void,
  ) {
    this.native = tensor;
    this.dims = tensor.dims;
    live++;
  }

  /** Tensors of this process that have not been disposed of: a training that ended well leaves as many as it found. */
  static get live(): number {
    return live;
  }

  /** @internal Throws TENSOR_DISPOSED: native code would read freed memory. */
  open(): Ort.Tensor {
    if (this.native) return this.native;
    throw new GraphError(
      'TENSOR_DISPOSED',
      `a tensor [${this.dims}] of the device was used after it had been disposed of`,
    );
  }

  /** Frees the device's memory. Throws TENSOR_DISPOSED the second time. */
  dispose(): void {
    this.open().dispose();
    this.native = undefined;
    live--;
    this.onDispose();
  }
}

export function disposeAll(tensors: Iterable<DeviceTensor>): void {
  for (const tensor of tensors) tensor.dispose();
}
