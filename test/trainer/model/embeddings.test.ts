// Embeddings of prompts are plain means of what the encoder says of their tokens, whatever they are batched with.
import { afterAll, expect, it } from 'vitest';
import { OrtSession } from '../../../trainer/graph/session.js';
import { DEFAULT_MODEL_CONFIG } from '../../../trainer/model/config.js';
import { Inference } from '../../../trainer/model/inference.js';
import { initialWeights } from '../../../trainer/model/parameters.js';
import { encoderGraph } from '../../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../../trainer/model/t5.js';
import { Random } from '../../../trainer/random.js';

const config = { ...DEFAULT_MODEL_CONFIG, d_model: 16, d_kv: 4, num_heads: 2, d_ff: 16, num_layers: 1 };
const model = { config, weights: initialWeights(config, 3) };
const inference = new Inference(model, 1);
afterAll(() => inference.release());

it('are means over a part of each prompt, in the order of the prompts', async () => {
  const random = new Random(2);
  const prompts = Array.from({ length: 40 }, () =>
    Array.from({ length: 3 + random.integer(40) }, () => 1 + random.integer(config.vocab_size - 1)),
  );
  const spans = prompts.map((prompt): [number, number] => [1, 2 + random.integer(prompt.length - 1)]);
  const pooled = await inference.embeddings(prompts, spans);
  const session = await OrtSession.create(encoderGraph(model), { threads: 1 });
  for (const [i, prompt] of prompts.entries()) {
    const length = prompt.length;
    const { states } = await session.run({
      input_ids: { data: Int32Array.from(prompt), dims: [1, length] },
      buckets: { data: relativeBuckets(length, true, config), dims: [length, length] },
    });
    const [begin, end] = spans[i]!;
    for (let j = 0; j < config.d_model; j++) {
      let sum = 0;
      for (let t = begin; t < end; t++) sum += (states!.data as Float32Array)[t * config.d_model + j]!;
      expect(pooled[i]![j]).toBeCloseTo(sum / (end - begin), 5);
    }
  }
  await session.release();
  expect(await inference.embeddings([], [])).toEqual([]);
});
