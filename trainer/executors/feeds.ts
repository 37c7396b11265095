// Feeds of a training graph, the same for every executor.
import type { HostTensor } from '../graph/session.js';
import { type ParameterSpec, sizeOf, type Weights } from '../model/parameters.js';
import type { StateSpec } from '../optimizers/transformation.js';
import type { StackedBatches } from './executor.js';

/** A fresh optimizer's state. */
export function zeroState(specs: readonly StateSpec[]): Map<string, Float32Array> {
  return new Map(specs.map((s) => [s.name, new Float32Array(s.shape.reduce((a, b) => a * b, 1))]));
}

/** Parameters under `PREFIX.NAME`, checked against the model. */
export function weightFeeds(
  prefix: 'param' | 'frozen',
  specs: readonly ParameterSpec[],
  weights: Weights,
): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {};
  for (const spec of specs) {
    const data = weights.get(spec.name);
    if (data?.length !== sizeOf(spec))
      throw new Error(`Executor: ${spec.name} has ${data?.length} values, not ${sizeOf(spec)}`);
    feeds[`${prefix}.${spec.name}`] = { data, dims: spec.shape };
  }
  return feeds;
}

/** Optimizer state under `state.NAME`. */
export function stateFeeds(specs: readonly StateSpec[], state: ReadonlyMap<string, Float32Array>) {
  return Object.fromEntries(
    specs.map((s): [string, HostTensor] => [`state.${s.name}`, { data: state.get(s.name)!, dims: s.shape }]),
  );
}

/** Batches of K steps after `step` others, each split into `accumulate` micro-batches, and their learning rates. */
export function batchFeeds(
  { shape, runSteps, inputIds, decoderIds, targets, weights }: StackedBatches,
  accumulate: number,
  step: number,
  learningRates: Float32Array,
): Record<string, HostTensor> {
  const lead = [runSteps, accumulate, shape.batch / accumulate];
  return {
    first_step: { data: Float32Array.of(step + 1), dims: [] },
    learning_rate: { data: learningRates, dims: [runSteps] },
    input_ids: { data: inputIds, dims: [...lead, shape.length] },
    decoder_ids: { data: decoderIds, dims: [...lead, shape.steps] },
    targets: { data: targets, dims: [...lead, shape.steps] },
    weights: { data: weights, dims: [...lead, shape.steps] },
  };
}
