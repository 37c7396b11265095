// Low-rank adapters: what they add to a product, what gradient reaches them, and that merging changes no answer.
import { afterAll, describe, expect, it } from 'vitest';
import { Graph, gradients } from '../../../trainer/graph/graph.js';
import { OrtSession } from '../../../trainer/graph/session.js';
import {
  initialAdapter,
  LORA_TARGETS,
  type LoraConfig,
  loraName,
  loraSpecs,
  mergeAdapter,
} from '../../../trainer/model/lora.js';
import { initialWeights, parameterSpecs, sizeOf, type Weights } from '../../../trainer/model/parameters.js';
import { parameterLookup } from '../../../trainer/model/t5.js';
import { adapterScale } from '../../../trainer/model/trainable.js';
import { digitLoss } from '../../../trainer/model/training-graph.js';
import { Random } from '../../../trainer/random.js';
import { smallBatches, smallModel } from '../executors/small-training.js';

const { config } = smallModel;
const lora: LoraConfig = { rank: 3, alpha: 6, targets: LORA_TARGETS };
const base = initialWeights(config, 2);
const random = new Random(8);
/** As after some training: B is no longer zeros. */
const adapter: Weights = new Map(
  loraSpecs(config, lora).map((s) => [s.name, Float32Array.from({ length: sizeOf(s) }, () => 0.2 * random.normal())]),
);
const batches = smallBatches(1, 6, 3);
const { shape } = batches;

const sessions: OrtSession[] = [];
afterAll(() => Promise.all(sessions.map((s) => s.release())));

/** Loss and its gradients at these weights, all in float64. */
async function differentiate(
  weights: Weights,
  scale: number,
): Promise<{ loss: number; gradient: Map<string, number[]> }> {
  const g = new Graph('lora');
  const specs = [...parameterSpecs(config), ...loraSpecs(config, lora)].filter((s) => weights.has(s.name));
  const values = specs.map((s) => g.input(s.name, 'float64', s.shape));
  const loss = digitLoss(
    {
      inputIds: g.input('input_ids', 'int32', [shape.batch, shape.length]),
      decoderIds: g.input('decoder_ids', 'int32', [shape.batch, shape.steps]),
      targets: g.input('targets', 'int32', [shape.batch, shape.steps]),
      weights: g.input('weights', 'float64', [shape.batch, shape.steps]),
    },
    parameterLookup(new Map(specs.map((s, i) => [s.name, values[i]!])), scale),
    config,
    shape,
    'float64',
  );
  g.output(loss, 'loss');
  gradients(loss, values).forEach((value, i) => g.output(value, `gradient.${specs[i]!.name}`));
  const session = await OrtSession.create(g, { threads: 1, graphOptimizationLevel: 'basic' });
  sessions.push(session);
  const result = await session.run({
    ...Object.fromEntries(specs.map((s) => [s.name, { data: Float64Array.from(weights.get(s.name)!), dims: s.shape }])),
    input_ids: { data: batches.inputIds, dims: [shape.batch, shape.length] },
    decoder_ids: { data: batches.decoderIds, dims: [shape.batch, shape.steps] },
    targets: { data: batches.targets, dims: [shape.batch, shape.steps] },
    weights: { data: Float64Array.from(batches.weights), dims: [shape.batch, shape.steps] },
  });
  const gradient = new Map(specs.map((s) => [s.name, Array.from(result[`gradient.${s.name}`]!.data as Float64Array)]));
  return { loss: Number(result.loss!.data[0]), gradient };
}

describe('LoRA', () => {
  it('has the loss of the merged weights, and the gradients that follow from theirs: Aᵀ-, Bᵀ-products with ∂/∂W', async () => {
    const scale = adapterScale({ config, adapter: lora });
    expect(scale).toBe(2);
    const beside = await differentiate(new Map([...base, ...adapter]), scale);
    const merged = await differentiate(mergeAdapter(base, config, lora, adapter), 1);
    expect(beside.loss).toBeCloseTo(merged.loss, 6);
    for (const { name, shape } of parameterSpecs(config).filter((s) => s.kind === 'linear')) {
      const [rows, columns] = shape as [number, number];
      const dW = merged.gradient.get(name)!;
      const [a, b] = (['A', 'B'] as const).map((part) => adapter.get(loraName(name, part))!);
      const dA = beside.gradient.get(loraName(name, 'A'))!;
      const dB = beside.gradient.get(loraName(name, 'B'))!;
      const largest = Math.max(...dA.map(Math.abs), ...dB.map(Math.abs));
      expect(largest, name).toBeGreaterThan(0);
      for (let r = 0; r < lora.rank; r++) {
        for (let i = 0; i < rows; i++) {
          let expected = 0;
          for (let j = 0; j < columns; j++) expected += scale * dW[i * columns + j]! * b![r * columns + j]!;
          // The merged weights were rounded to float32.
          expect(Math.abs(dA[i * lora.rank + r]! - expected) / largest, `${name} A`).toBeLessThan(1e-5);
        }
        for (let j = 0; j < columns; j++) {
          let expected = 0;
          for (let i = 0; i < rows; i++) expected += scale * a![i * lora.rank + r]! * dW[i * columns + j]!;
          expect(Math.abs(dB[r * columns + j]! - expected) / largest, `${name} B`).toBeLessThan(1e-5);
        }
      }
    }
  });

  it('begins as the base', async () => {
    const fresh = initialAdapter(config, lora, 4);
    expect(mergeAdapter(base, config, lora, fresh)).toEqual(base);
    expect([...fresh.values()].some((data) => data.some((v) => v !== 0))).toBe(true);
    expect(initialAdapter(config, lora, 4)).toEqual(fresh);
  });

  it('costs rank · (in + out) floats a matrix, on the matrices that were named', () => {
    const some = loraSpecs(config, { ...lora, targets: ['q', 'wo'] });
    const inner = config.num_heads * config.d_kv;
    const attentions = config.num_layers + 2 * config.num_decoder_layers;
    const feedForwards = config.num_layers + config.num_decoder_layers;
    const expected = 3 * (attentions * (config.d_model + inner) + feedForwards * (config.d_ff + config.d_model));
    expect(some.reduce((sum, s) => sum + sizeOf(s), 0)).toBe(expected);
  });
});
