// Digit order: the same model on the same examples, their answers spelled in another order, asked by sampling.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '../../tokenizer/tokenizer.js';
import { stackBatches } from '../../trainer/batches.js';
import { loadCheckpoint } from '../../trainer/checkpoint.js';
import { makeExecutor } from '../../trainer/executors/make-executor.js';
import { DEFAULT_MODEL_CONFIG } from '../../trainer/model/config.js';
import type { ServedModel } from '../../trainer/model/serving-graph.js';
import { makeOptimizer } from '../../trainer/optimizers/optimizers.js';
import { type Example, PromptEncoder, renderPrompt } from '../../trainer/prompt.js';
import { Random } from '../../trainer/random.js';
import { startingPoint } from '../../trainer/starting-point.js';
import { resolveTrainConfig } from '../../trainer/train-config.js';
import { runSteps } from '../../trainer/training-loop.js';
import type { Json } from '../../trainer/types.js';
import type { Budget } from './omnipred-budgets.js';
import type { Cells } from './omnipred-cells.js';
import { type BenchStudy, corpusOf } from './omnipred-corpus.js';
import { DIGIT_ORDERS, type DigitOrder, spelling } from './omnipred-digit-orders.js';
import { errorOf, THREADS } from './omnipred-model.js';
import { SamplingPeer } from './sampling-peer.js';

/** Of the published estimator: the median of this many samples. */
export const SAMPLES = 64;
const STREAM = 0x6f726472;
const LENGTH_STEP = 8;

interface OrderOptions {
  folder: string;
  order: DigitOrder;
  studies: readonly BenchStudy[];
  config: Record<string, Json>;
}

/** A model whose answers are spelled in `order`, by the trainer's own parts: `train` knows only ours. */
class OrderedModel {
  private constructor(
    private readonly model: ServedModel,
    private readonly encoder: PromptEncoder,
    private readonly order: DigitOrder,
  ) {}

  static async train({ folder, order, studies, config: overrides }: OrderOptions): Promise<OrderedModel> {
    // Places of equal weight: a loss that favours the first digit would favour the order that has it first.
    const config = resolveTrainConfig({ ...overrides, threads: THREADS, device: 'cpu', place_decay: 1 });
    const start = await startingPoint(undefined, config);
    const encoder = new PromptEncoder(await Tokenizer.load(start.tokenizerFile), config);
    const { encode } = spelling(order);
    const examples = studies.flatMap((study) => {
      const metadata = encoder.metadata(study);
      return study.training.map(
        ({ x, y }): Example => ({
          evidence: [],
          metadata,
          x: encoder.parameters({ x }, [], metadata),
          absolute: encode(y),
        }),
      );
    });
    const longest = Math.max(...examples.map((example) => renderPrompt(example).length));
    const shape = {
      batch: config.batch_size,
      length: Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP,
      steps: Math.max(...examples.map(({ absolute }) => absolute.length)),
    };
    const executor = makeExecutor('cpu', {
      model: start.model,
      optimizer: makeOptimizer(config.optimizer, {
        beta1: config.beta1,
        beta2: config.beta2,
        epsilon: config.epsilon,
        weightDecay: config.weight_decay,
        clipNorm: config.clip_norm,
      }),
      threads: THREADS,
    });
    const workDir = join(folder, 'work', `digits-${order}`);
    await mkdir(workDir, { recursive: true });
    const perRun = config.batch_size * config.run_steps;
    try {
      const checkpoint = await loadCheckpoint(workDir, order);
      await executor.load(checkpoint?.state ?? executor.initialState(start.weights));
      await runSteps({
        executor,
        batchesOf: async (run) =>
          stackBatches(drawn(examples, perRun, new Random(config.seed, STREAM, run)), shape, {
            decoderSteps: shape.steps,
            firstToken: DEFAULT_MODEL_CONFIG.number_token_begin,
            config,
          }),
        config,
        workDir,
        fingerprint: order,
        emit: () => {},
      });
      const { weights } = await executor.state();
      return new OrderedModel({ config: start.model.config, weights }, encoder, order);
    } finally {
      await executor.release();
    }
  }

  /** The median of `SAMPLES` samples for each test trial of the study. */
  async medians(study: BenchStudy): Promise<number[]> {
    const metadata = this.encoder.metadata(study);
    const prompts = study.test.map(({ x }) =>
      renderPrompt({ evidence: [], metadata, x: this.encoder.parameters({ x }, [], metadata) }),
    );
    const peer = new SamplingPeer(this.model, THREADS, SAMPLES, 'shared');
    try {
      const codec = spelling(this.order);
      return await peer.medians(
        prompts,
        prompts.map(() => codec),
      );
    } finally {
      await peer.release();
    }
  }
}

const drawn = (examples: readonly Example[], count: number, random: Random): Example[] =>
  Array.from({ length: count }, () => examples[random.integer(examples.length)]!);

/** Errors of the test studies by order: the median of samples, so that all orders are asked alike. */
export async function digits(cells: Cells, budget: Budget): Promise<Record<DigitOrder, number[]>> {
  const { studies, steps } = budget.digits;
  const corpus = corpusOf(budget, studies);
  const result = {} as Record<DigitOrder, number[]>;
  for (const order of DIGIT_ORDERS) {
    result[order] = await cells.get(`digits-${order}`, async () => {
      const config = { ...budget.config, steps };
      const model = await OrderedModel.train({ folder: cells.out, order, studies: corpus, config });
      const errors: number[] = [];
      for (const study of corpus.slice(0, budget.tests)) errors.push(errorOf(study, await model.medians(study)));
      return errors;
    });
    await rm(join(cells.out, 'work', `digits-${order}`), { recursive: true, force: true });
  }
  return result;
}
