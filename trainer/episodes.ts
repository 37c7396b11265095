// Episodes: a study as it stood after n trials, and questions about others of its trials. What the model is trained on.
import { AbsoluteCodec } from '../tokenizer/absolute-codec.js';
import { type Frame, studyFrame } from '../tokenizer/frame.js';
import type { NumberCodec } from '../tokenizer/number-codec.js';
import { RelativeCodec } from '../tokenizer/relative-codec.js';
import { INFEASIBLE_ID } from '../tokenizer/vocabulary.js';
import { Evidence, type Observation, type Point } from './evidence.js';
import type { Example, PromptEncoder } from './prompt.js';
import { Random } from './random.js';
import type { TrainConfig } from './train-config.js';
import type { StudyData } from './types.js';
import type { ValidationExample } from './validation.js';

const EPISODE_STREAM = 0x65706973;
const SPLIT_STREAM = 0x73706c69;
const VALIDATION_STREAM = 0x76616c69;
const ABSOLUTE = new AbsoluteCodec();

/** A study with some of its trials held back for validation. */
export interface SplitStudy {
  study: StudyData;
  training: Observation[];
  validation: Observation[];
}

/**
 * Holds back a share of each study's trials, at least one from five trials on; the same ones for the same seed.
 * @param history u of each trial of each study as its other studies see it, in the order of its trials
 */
export function splitStudies(
  studies: readonly StudyData[],
  history: ReadonlyMap<StudyData, Float64Array>,
  seed: number,
  share: number,
): SplitStudy[] {
  return studies.map((study, index) => {
    const random = new Random(seed, SPLIT_STREAM, index);
    const values = history.get(study);
    const observed = study.trials.map((trial, i): Observation => (values ? { ...trial, history: values[i]! } : trial));
    const trials = random.shuffle(observed);
    const held = share > 0 && trials.length >= 5 ? Math.max(1, Math.round(trials.length * share)) : 0;
    return { study, training: trials.slice(held), validation: trials.slice(0, held) };
  });
}

/** Log-uniform in [1, max]: small contexts are where predictions are hardest and most wanted. */
function drawContextSize(random: Random, max: number): number {
  return Math.min(max, Math.floor(Math.exp(random.uniform() * Math.log(max + 1))));
}

interface Question extends Pick<Example, 'evidence' | 'metadata' | 'x'> {
  frame: Frame | undefined;
}

/** What the model is asked about each query once `context` has been measured. */
export function makeQuestions(
  study: StudyData,
  context: readonly Observation[],
  queries: readonly Point[],
  seed: number,
  encoder: PromptEncoder,
): Question[] {
  const asked = context.length > 0 ? Evidence.fit(context, seed).ask(queries) : [];
  const metadata = encoder.metadata(study);
  return queries.map(({ x }, q) => {
    const { pieces, frame } = asked[q] ?? { pieces: [], frame: undefined };
    return { evidence: pieces, metadata, x: encoder.parameters(x, pieces, metadata), frame };
  });
}

/** Questions with their answers spelled in both codecs. */
function makeExamples(
  study: StudyData,
  context: readonly Observation[],
  queries: readonly Observation[],
  seed: number,
  encoder: PromptEncoder,
): Example[] {
  return makeQuestions(study, context, queries, seed, encoder).map(({ frame, ...question }, q) => {
    const { y } = queries[q]!;
    const spell = (codec: NumberCodec) => (y === null ? [INFEASIBLE_ID] : codec.encode(y));
    return { ...question, absolute: spell(ABSOLUTE), ...(frame && { relative: spell(new RelativeCodec(frame)) }) };
  });
}

type EpisodeConfig = Pick<TrainConfig, 'seed' | 'queries' | 'max_context' | 'no_context' | 'no_history'>;

/** Episode number `index`: a pure function of studies, configuration and index, so that any worker can make it. */
export function trainingEpisode(
  studies: readonly SplitStudy[],
  index: number,
  config: EpisodeConfig,
  encoder: PromptEncoder,
): Example[] {
  const random = new Random(config.seed, EPISODE_STREAM, index);
  const usable = studies.filter((s) => s.training.length > 0);
  const { study, training } = usable[index % usable.length]!;
  const blind = random.uniform() < config.no_history;
  const trials = random.shuffle(blind ? training.map(({ x, y }) => ({ x, y })) : [...training]);
  const largest = Math.min(config.max_context, trials.length - 1);
  const size = largest < 1 || random.uniform() < config.no_context ? 0 : drawContextSize(random, largest);
  const queries = trials.slice(size, size + config.queries);
  return makeExamples(study, trials.slice(0, size), queries, index, encoder);
}

/** Most validation questions a study and an objective: enough to compare two models, few enough to be quick. */
const MAX_VALIDATION = 24;

/** Questions about the held-back trials of study `index`, after a context of random size drawn from the others. */
export function validationExamples(
  studies: readonly SplitStudy[],
  index: number,
  config: EpisodeConfig,
  encoder: PromptEncoder,
): ValidationExample[] {
  const { study, training, validation } = studies[index]!;
  if (validation.length === 0) return [];
  const random = new Random(config.seed, VALIDATION_STREAM, index);
  const largest = Math.min(config.max_context, training.length);
  const size = largest < 1 ? 0 : drawContextSize(random, largest);
  const context = random.shuffle([...training]).slice(0, size);
  const asked = validation.slice(0, MAX_VALIDATION);
  const { center, scale } = studyFrame(study.trials.flatMap(({ y }) => (y === null ? [] : [y])));
  return makeQuestions(study, context, asked, index, encoder).map(({ frame, ...question }, i) => ({
    ...question,
    ...(frame && { frame: { center: frame.center, scale: frame.scale } }),
    y: asked[i]!.y,
    studyFrame: { center, scale },
  }));
}
