// The steps of a training: runs of K on an executor, with progress, checkpoints and cancellation between them.
import { saveCheckpoint } from './checkpoint.js';
import type { Executor, StackedBatches } from './executors/executor.js';
import { warmupCosine } from './optimizers/schedule.js';
import type { TrainConfig } from './train-config.js';
import type { TrainEvent, TrainHooks } from './types.js';

/** Seconds between two progress events. */
export const EVENT_SECONDS = 1;

export interface LoopOptions {
  /** Loaded with the state to go on from. */
  executor: Executor;
  /**
   * The batches of run number `run`: a pure function, so that a resumed training sees what it would have seen. Rejects
   * when `signal` is aborted while it waits.
   */
  batchesOf: (run: number) => Promise<StackedBatches>;
  config: TrainConfig;
  /** Learning rate of each step, counted from 0; absent: the configuration's warm-up and cosine. */
  schedule?: (step: number) => number;
  /** Folder of the checkpoints, and what they are good for. */
  workDir: string;
  fingerprint: string;
  signal?: TrainHooks['signal'];
  emit: (event: TrainEvent) => void;
}

/** Runs until all steps are done. Throws AbortError after `signal`, with a checkpoint saved. */
export async function runSteps(options: LoopOptions): Promise<void> {
  const { executor, batchesOf, config, workDir, fingerprint, signal, emit } = options;
  const { steps, run_steps } = config;
  const cosine = {
    peak: config.learning_rate,
    warmupSteps: config.warmup_steps,
    steps,
    finalFraction: config.final_learning_rate,
  };
  const schedule = options.schedule ?? ((step: number) => warmupCosine(cosine, step));
  const resumed = executor.step > 0 ? `Going on from step ${executor.step}` : 'Training';
  emit({ type: 'phase', phase: 'train', message: `${resumed}: ${steps} steps of ${config.batch_size} examples` });
  const checkpoint = async () => {
    await saveCheckpoint(workDir, await executor.state(), fingerprint, config.keep_checkpoints);
    emit({ type: 'checkpoint', step: executor.step });
  };
  const begin = performance.now();
  const firstStep = executor.step;
  let savedAt = begin;
  let report = { at: begin, losses: [] as number[], tokens: 0 };
  while (executor.step < steps) {
    if (signal?.aborted) {
      await checkpoint();
      signal.throwIfAborted();
    }
    const batches = await batchesOf(executor.step / run_steps).catch(async (error: unknown) => {
      if (signal?.aborted) await checkpoint();
      throw error;
    });
    const rates = Float32Array.from({ length: run_steps }, (_, i) => schedule(executor.step + i));
    const { loss } = await executor.run(batches, rates);
    const now = performance.now();
    report.losses.push(...loss);
    report.tokens += batches.inputIds.reduce((n, id) => n + (id === 0 ? 0 : 1), 0);
    if (now - report.at >= EVENT_SECONDS * 1000 || executor.step >= steps) {
      emit({
        type: 'step',
        step: executor.step,
        steps,
        loss: report.losses.reduce((a, b) => a + b, 0) / report.losses.length,
        learningRate: rates.at(-1)!,
        tokensPerSecond: (report.tokens / (now - report.at)) * 1000,
        etaSeconds: ((now - begin) / 1000 / (executor.step - firstStep)) * (steps - executor.step),
      });
      report = { at: now, losses: [], tokens: 0 };
    }
    if (now - savedAt >= config.checkpoint_seconds * 1000) {
      await checkpoint();
      savedAt = now;
    }
  }
  await checkpoint();
}
