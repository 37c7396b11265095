// Models of bench:omnipred, trained and asked by the project's own parts: plain OmniPred sees no evidence.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AbsoluteCodec } from '../../tokenizer/absolute-codec.js';
import { openModel } from '../../trainer/adapter-directory.js';
import type { Distribution } from '../../trainer/distribution.js';
import { Inference } from '../../trainer/model/inference.js';
import { PromptEncoder, renderPrompt } from '../../trainer/prompt.js';
import { train } from '../../trainer/train.js';
import type { Json, StudyData, StudyHead } from '../../trainer/types.js';
import type { BenchStudy, MeasuredTrial } from './omnipred-corpus.js';

export const THREADS = 2;

/** No evidence, no other study's word: the prompt is metadata and x, the answer is on the absolute scale (arXiv 2402.14547). */
const PLAIN = { max_context: 0, no_context: 1, drop_all: 1, no_history: 1, given: 0 };
const QUERIES = 32;
/** Plain episodes cost next to nothing: every step may have new ones, a window of them at a time. */
const WINDOW = 800;

export interface TrainOptions {
  /** Models and trainings under way lie in here. */
  folder: string;
  name: string;
  studies: readonly StudyData[];
  config: Record<string, Json>;
  plain: boolean;
  parent?: string;
}

/** Trains `<folder>/models/<name>` on every trial it is given, goes on where it was stopped, or gives what is there. */
export async function trained({ folder, name, studies, config, plain, parent }: TrainOptions): Promise<string> {
  const outDir = join(folder, 'models', name);
  const workDir = join(folder, 'work', name);
  if (existsSync(outDir)) return outDir;
  let told = performance.now();
  await train(
    {
      studies: [...studies],
      outDir,
      workDir,
      // What is held back is the bench's to choose: `train` keeps nothing from the model, and publishes what comes out.
      config: { threads: THREADS, device: 'cpu', validation: 0, ...(plain && PLAIN), ...config },
      ...(parent !== undefined && { parentDir: parent }),
    },
    {
      onEvent: (event) => {
        if (event.type !== 'step' || performance.now() - told < 20_000) return;
        told = performance.now();
        console.log(
          `  ${name}: ${event.step}/${event.steps}, loss ${event.loss.toFixed(3)}, ${event.etaSeconds.toFixed(0)} s left`,
        );
      },
    },
  );
  await rm(workDir, { recursive: true, force: true });
  return outDir;
}

/** Steps with their warm-up, and as many episodes as show each step new examples. */
export function plainFeed(steps: number, { batch_size }: Record<string, Json>): Record<string, Json> {
  const episodes = Math.ceil((steps * Number(batch_size)) / QUERIES);
  return {
    steps,
    warmup_steps: Math.min(100, Math.ceil(steps / 10)),
    episodes,
    window_episodes: Math.min(episodes, WINDOW),
    queries: QUERIES,
  };
}

/** What a model says of xs without any trial of the study. */
export class PlainModel {
  private constructor(
    private readonly inference: Inference,
    private readonly encoder: PromptEncoder,
  ) {}

  static async load(modelDir: string): Promise<PlainModel> {
    const model = await openModel(modelDir);
    return new PlainModel(new Inference(model, THREADS), new PromptEncoder(model.tokenizer, model.card));
  }

  ask(study: StudyHead, trials: readonly MeasuredTrial[]): Promise<Distribution[]> {
    const metadata = this.encoder.metadata(study);
    const prompts = trials.map(({ x }) =>
      renderPrompt({ evidence: [], metadata, x: this.encoder.parameters({ x }, [], metadata) }),
    );
    const codec = new AbsoluteCodec();
    return this.inference.distributions(
      prompts,
      prompts.map(() => codec),
    );
  }

  async medians(study: StudyHead, trials: readonly MeasuredTrial[]): Promise<number[]> {
    return (await this.ask(study, trials)).map((distribution) => distribution.median);
  }

  release(): Promise<void> {
    return this.inference.release();
  }
}

/** Error of a plain model on the test trials of each study; `trials`: on others of its trials. */
export async function plainErrors(
  modelDir: string,
  studies: readonly BenchStudy[],
  trials: 'test' | 'validation' = 'test',
): Promise<number[]> {
  const model = await PlainModel.load(modelDir);
  const errors: number[] = [];
  for (const study of studies) errors.push(errorOf(study, await model.medians(study, study[trials]), study[trials]));
  await model.release();
  return errors;
}

/** Trains ever longer while the error on validation trials falls: a few trials are soon known by heart. @param lengths ascending */
export async function bestLength(
  lengths: readonly number[],
  studies: readonly BenchStudy[],
  trainFor: (steps: number) => Promise<string>,
): Promise<{ model: string; steps: number; error: number }> {
  let best: { model: string; steps: number; error: number } | undefined;
  for (const steps of lengths) {
    const model = await trainFor(steps);
    const error = mean(await plainErrors(model, studies, 'validation'));
    if (best && error >= best.error) break;
    best = { model, steps, error };
  }
  return best!;
}

/** Mean of min(1, |ŷ − y| / (max − min)), the paper's metric with the project's cap. */
export function errorOf(study: BenchStudy, points: ArrayLike<number>, trials = study.test): number {
  return mean(trials.map(({ y }, i) => Math.min(1, Math.abs(points[i]! - y) / study.range)));
}

export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
