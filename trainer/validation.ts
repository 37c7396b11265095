// How well a model answers about trials it has not seen: the score that decides what is published, and calibration scores.
import { AbsoluteCodec } from '../tokenizer/absolute-codec.js';
import { Frame } from '../tokenizer/frame.js';
import { RelativeCodec } from '../tokenizer/relative-codec.js';
import { centrality } from './calibration/scored.js';
import type { Device } from './devices/device.js';
import type { Distribution } from './distribution.js';
import { Inference } from './model/inference.js';
import type { Weights } from './model/parameters.js';
import type { ServedModel } from './model/serving-graph.js';
import { clusterMeans } from './paired-test.js';
import { type Example, renderPrompt } from './prompt.js';
import { mean } from './statistics.js';

/** A question whose answer was held back. */
export interface ValidationExample extends Pick<Example, 'evidence' | 'metadata' | 'x'> {
  /** Names the study, the same for all of its objectives: its questions are not independent of each other. */
  study: string;
  /** Measured; null where the trial failed. */
  y: number | null;
  /** The query's frame, and the digits of an answer in it (see `PromptRules`); absent without evidence. */
  frame?: { center: number; scale: number; digits?: number | undefined };
  /** The study's own frame, from all of its trials: in its units errors are measured. */
  studyFrame: { center: number; scale: number };
}

export interface ValidationAnswers {
  /**
   * CRPS(u) − log P(failed or not, as it was), nats: lower is better. The mean over studies, of each the mean over its
   * questions. u is y in the study's frame, where one wild tail cannot outweigh a hundred good answers.
   */
  score: number;
  /** Of each question, in their order; and of which study it is. */
  scores: number[];
  studies: string[];
  /** Mean of |median − y| in units of u. */
  error: number;
  trials: number;
  /** Ascending; see `centrality`. */
  centralities: number[];
}

/** Keeps the score finite where a model holds the impossible. */
const LEAST_PROBABILITY = 1e-6;

/** Asks the model, with its adapter where it has one, about all examples; undefined where there are none. */
export async function validate(
  examples: readonly ValidationExample[],
  model: ServedModel,
  threads: number,
  adapter?: Weights,
  device: Device = 'cpu',
): Promise<ValidationAnswers | undefined> {
  if (examples.length === 0) return undefined;
  const inference = new Inference(model, threads, device);
  try {
    const codecs = examples.map(({ frame }) =>
      frame ? new RelativeCodec(new Frame(frame.center, frame.scale), frame.digits) : new AbsoluteCodec(),
    );
    const distributions = await inference.distributions(
      examples.map((e) => renderPrompt(e)),
      codecs,
      adapter,
    );
    return summarize(examples, distributions);
  } finally {
    await inference.release();
  }
}

function summarize(examples: readonly ValidationExample[], distributions: readonly Distribution[]): ValidationAnswers {
  let error = 0;
  const centralities: number[] = [];
  const scores = examples.map(({ y, studyFrame }, i) => {
    const frame = new Frame(studyFrame.center, studyFrame.scale);
    const distribution = distributions[i]!;
    const outcome = y === null ? distribution.pInfeasible : 1 - distribution.pInfeasible;
    const surprise = -Math.log(Math.max(LEAST_PROBABILITY, outcome));
    if (y === null) return surprise;
    const inFrame = distribution.map((value) => frame.toUnit(value));
    error += Math.abs(frame.toUnit(distribution.median) - frame.toUnit(y));
    centralities.push(centrality(distribution, y));
    return surprise + inFrame.crps(frame.toUnit(y));
  });
  centralities.sort((a, b) => a - b);
  const measured = Math.max(1, centralities.length);
  const studies = examples.map(({ study }) => study);
  const score = mean(clusterMeans(scores, studies));
  return { score, scores, studies, error: error / measured, trials: examples.length, centralities };
}
