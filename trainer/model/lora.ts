// LoRA (Hu et al., arXiv 2106.09685): a low-rank addition to frozen matrices, kept beside them and never merged.
import { Random } from '../random.js';
import type { ModelConfig } from './config.js';
import { type ParameterSpec, parameterSpecs, sizeOf, type Weights } from './parameters.js';

export interface LoraConfig {
  /** Columns of A and rows of B. */
  rank: number;
  /** The addition is scaled by alpha / rank, so that one learning rate serves several ranks. */
  alpha: number;
  /** Last part of the names of the matrices that get an addition, such as `q` or `wi_0`. */
  targets: readonly string[];
}

/** Every linear weight of the model by the last part of its name. */
export const LORA_TARGETS = ['q', 'k', 'v', 'o', 'wi_0', 'wi_1', 'wo', 'lm_head'] as const;

/** `encoder.block.0.layer.0.SelfAttention.q.weight` → `….q.lora_A.weight`, as PEFT names it. */
export const loraName = (name: string, part: 'A' | 'B'): string => name.replace(/\.weight$/, `.lora_${part}.weight`);

const targetOf = (name: string): string => name.split('.').at(-2)!;

/** The matrices that get an addition, in the model's order. */
export function adaptedSpecs(config: ModelConfig, { targets }: LoraConfig): ParameterSpec[] {
  return parameterSpecs(config).filter((spec) => spec.kind === 'linear' && targets.includes(targetOf(spec.name)));
}

/**
 * A [in, rank] and B [rank, out] of each adapted matrix: x·W + (alpha / rank)·(x·A)·B. B begins as zeros, so that the adapted
 * model begins as the base. Memory: rank · (in + out) floats a matrix.
 */
export function loraSpecs(config: ModelConfig, adapter: LoraConfig): ParameterSpec[] {
  return adaptedSpecs(config, adapter).flatMap(({ name, shape }): ParameterSpec[] => {
    const [rows, columns] = shape as [number, number];
    return [
      { name: loraName(name, 'A'), shape: [rows, adapter.rank], kind: 'linear', initialStd: (3 * rows) ** -0.5 },
      { name: loraName(name, 'B'), shape: [adapter.rank, columns], kind: 'linear', initialStd: 0 },
    ];
  });
}

/** Fresh adapter weights, the same for the same seed. */
export function initialAdapter(config: ModelConfig, adapter: LoraConfig, seed: number): Weights {
  const random = new Random(seed, 0x6c6f7261);
  return new Map(
    loraSpecs(config, adapter).map((spec) => [
      spec.name,
      Float32Array.from({ length: sizeOf(spec) }, () =>
        spec.initialStd === 0 ? 0 : spec.initialStd * random.normal(),
      ),
    ]),
  );
}

/** Whole weights that answer as the base with its adapter does: W + (alpha / rank)·A·B. Other tensors are shared, not copied. */
export function mergeAdapter(base: Weights, config: ModelConfig, lora: LoraConfig, adapter: Weights): Weights {
  const merged: Weights = new Map(base);
  const scale = lora.alpha / lora.rank;
  for (const { name, shape } of adaptedSpecs(config, lora)) {
    const [rows, columns] = shape as [number, number];
    const a = adapter.get(loraName(name, 'A'))!;
    const b = adapter.get(loraName(name, 'B'))!;
    const sum = Float32Array.from(base.get(name)!);
    for (let i = 0; i < rows; i++) {
      for (let r = 0; r < lora.rank; r++) {
        const factor = scale * a[i * lora.rank + r]!;
        for (let j = 0; j < columns; j++) sum[i * columns + j]! += factor * b[r * columns + j]!;
      }
    }
    merged.set(name, sum);
  }
  return merged;
}
