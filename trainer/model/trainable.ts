// A model as a training sees it: the parameters that change, and those that stay as they are.
import type { ModelConfig } from './config.js';
import { type LoraConfig, loraSpecs } from './lora.js';
import { type ParameterSpec, parameterSpecs } from './parameters.js';

export interface TrainableModel {
  config: ModelConfig;
  /** Absent: every parameter is trained. Present: the adapter alone, beside frozen parameters. */
  adapter?: LoraConfig | undefined;
}

/** What the optimizer changes. */
export function trainableSpecs({ config, adapter }: TrainableModel): ParameterSpec[] {
  return adapter ? loraSpecs(config, adapter) : parameterSpecs(config);
}

/** What is read and never changed. */
export function frozenSpecs({ config, adapter }: TrainableModel): ParameterSpec[] {
  return adapter ? parameterSpecs(config) : [];
}

/** Factor of the adapter's addition. */
export function adapterScale({ adapter }: TrainableModel): number {
  return adapter ? adapter.alpha / adapter.rank : 1;
}
