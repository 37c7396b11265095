// Episodes: a study as it stood after n trials, and questions about others of its trials. What the model is trained on.
// Which trials an episode shows is planned from their number alone; its examples are made once those trials have been read.
import { AbsoluteCodec } from '../tokenizer/absolute-codec.js';
import { type Frame, studyFrame } from '../tokenizer/frame.js';
import type { NumberCodec } from '../tokenizer/number-codec.js';
import { RelativeCodec } from '../tokenizer/relative-codec.js';
import { INFEASIBLE_ID } from '../tokenizer/vocabulary.js';
import { Evidence, type Observation, type Point } from './evidence.js';
import { permutation } from './experts/sampling.js';
import type { Relatives } from './history/relatives.js';
import type { Example, PromptEncoder } from './prompt.js';
import { Random } from './random.js';
import { rootOf } from './study-root.js';
import { drawFew } from './study-source.js';
import type { TrainConfig } from './train-config.js';
import type { StudyHead, StudySource } from './types.js';
import type { ValidationExample } from './validation.js';

const EPISODE_STREAM = 0x65706973;
const ORDER_STREAM = 0x6f726465;
const SPLIT_STREAM = 0x73706c69;
const VALIDATION_STREAM = 0x76616c69;
const GIVEN_STREAM = 0x67697665;
const ABSOLUTE = new AbsoluteCodec();

/** A study with some of its trials held back for validation: positions, 4 bytes a trial. */
export interface SplitStudy {
  study: StudySource;
  training: Int32Array;
  validation: Int32Array;
}

/**
 * Holds back a share of each study's trials, at least one from five trials on; the same ones for the same seed. A trial is held
 * back of all of its study's objectives: what one of them measured tells much of the others.
 */
export function splitStudies(studies: readonly StudySource[], seed: number, share: number): SplitStudy[] {
  const firsts = new Map<string, number>();
  return studies.map((study, index) => {
    const root = rootOf(study);
    if (!firsts.has(root)) firsts.set(root, index);
    const positions = permutation(study.trials, new Random(seed, SPLIT_STREAM, firsts.get(root)!));
    const held = share > 0 && study.trials >= 5 ? Math.max(1, Math.round(study.trials * share)) : 0;
    return { study, training: positions.subarray(held), validation: positions.subarray(0, held) };
  });
}

/** Log-uniform in [1, max]: small contexts are where predictions are hardest and most wanted. */
function drawContextSize(random: Random, max: number): number {
  return Math.min(max, Math.floor(Math.exp(random.uniform() * Math.log(max + 1))));
}

/** Which trials of which study an episode is made of. */
export interface EpisodePlan {
  /** Seed of its experts. */
  seed: number;
  /** Place of its study in the list of all. */
  study: number;
  /** Positions of the trials that were measured, and of those that are asked about. */
  context: Int32Array;
  queries: Int32Array;
  /** Whether what other studies say is kept from it. */
  blind: boolean;
  /** Other objectives of the study that it knows, of context and queries alike. */
  given: readonly string[];
}

export type EpisodeConfig = Pick<
  TrainConfig,
  'seed' | 'queries' | 'max_context' | 'no_context' | 'no_history' | 'given'
>;

/**
 * Training episodes from number `from` up to `to`: a pure function of the studies' sizes, the configuration and the
 * number. All studies come once, in random order, before any comes again.
 */
export function planEpisodes(
  studies: readonly SplitStudy[],
  from: number,
  to: number,
  config: EpisodeConfig,
): EpisodePlan[] {
  const usable = Int32Array.from(studies.keys()).filter((s) => studies[s]!.training.length > 0);
  let round = -1;
  let order: ArrayLike<number> = usable;
  return Array.from({ length: to - from }, (_, i) => {
    const episode = from + i;
    if (Math.floor(episode / usable.length) !== round) {
      round = Math.floor(episode / usable.length);
      order = drawFew(usable, usable.length, new Random(config.seed, ORDER_STREAM, round));
    }
    return planEpisode(studies, order[episode % usable.length]!, episode, config);
  });
}

function planEpisode(
  studies: readonly SplitStudy[],
  study: number,
  episode: number,
  config: EpisodeConfig,
): EpisodePlan {
  const random = new Random(config.seed, EPISODE_STREAM, episode);
  const {
    training,
    study: { others = [] },
  } = studies[study]!;
  const blind = random.uniform() < config.no_history;
  const largest = Math.min(config.max_context, training.length - 1);
  const size = largest < 1 || random.uniform() < config.no_context ? 0 : drawContextSize(random, largest);
  const drawn = drawFew(training, size + config.queries, random);
  const given = drawGiven(others, config.given, new Random(config.seed, GIVEN_STREAM, episode));
  return { seed: episode, study, blind, given, context: drawn.subarray(0, size), queries: drawn.subarray(size) };
}

/** With probability `share` one or more of the names, every number of them as likely. */
function drawGiven(names: readonly string[], share: number, random: Random): string[] {
  if (names.length === 0 || random.uniform() >= share) return [];
  const places = Int32Array.from(names.keys());
  return Array.from(drawFew(places, 1 + random.integer(names.length), random), (place) => names[place]!);
}

/** Most validation questions a study and an objective, and most of these: enough to compare two models, few enough to be quick. */
const MAX_VALIDATION = 24;
/** Of a study that is trained on alone: what is asked of it is all that decides. */
const MAX_VALIDATION_ALONE = 96;
const MAX_VALIDATION_STUDIES = 64;

/**
 * Questions about held-back trials, after a context drawn from the others; at most one episode a study. Its size is random, as
 * new studies of a workspace start with few trials. A study that is trained on alone is asked about as it will be, with all of its
 * trials known: what its y are like on the whole can be learned by heart, and is worth nothing there.
 */
export function planValidation(studies: readonly SplitStudy[], config: EpisodeConfig): EpisodePlan[] {
  const random = new Random(config.seed, VALIDATION_STREAM);
  const held = Int32Array.from(studies.keys()).filter((s) => studies[s]!.validation.length > 0);
  const asked = held.length > MAX_VALIDATION_STUDIES ? drawFew(held, MAX_VALIDATION_STUDIES, random).sort() : held;
  const alone = new Set(studies.map(({ study }) => rootOf(study))).size === 1;
  return Array.from(asked, (study) => planValidationOf(studies[study]!, study, alone, config));
}

function planValidationOf(
  { training, validation }: SplitStudy,
  study: number,
  alone: boolean,
  config: EpisodeConfig,
): EpisodePlan {
  const random = new Random(config.seed, VALIDATION_STREAM, study);
  const largest = Math.min(config.max_context, training.length);
  const size = largest < 1 ? 0 : alone ? largest : drawContextSize(random, largest);
  const context = drawFew(training, size, random);
  const queries = validation.subarray(0, alone ? MAX_VALIDATION_ALONE : MAX_VALIDATION);
  return { seed: study, study, blind: false, given: [], context, queries };
}

interface Question extends Pick<Example, 'evidence' | 'metadata' | 'x'> {
  frame: Frame | undefined;
}

/** What an episode shows of a study before it asks. */
export interface Shown {
  context: readonly Observation[];
  /** Undefined where no other study speaks of this one, or the episode is not told. */
  relatives?: Relatives | undefined;
  /** Of the experts. */
  seed: number;
}

/** What the model is asked about each query once the context has been measured. */
export function makeQuestions(
  study: StudyHead,
  { context, relatives, seed }: Shown,
  queries: readonly Point[],
  encoder: PromptEncoder,
): Question[] {
  const asked =
    context.length > 0 || relatives ? Evidence.fit(context, seed, relatives).ask(queries, encoder.frame) : [];
  const metadata = encoder.metadata(study);
  return queries.map((query, q) => {
    const { pieces: all, frame } = asked[q] ?? { pieces: [], frame: undefined };
    const pieces = encoder.evidence(all);
    return { evidence: pieces, metadata, x: encoder.parameters(query, pieces, metadata), frame };
  });
}

/** Questions with their answers spelled in both codecs. */
export function trainingExamples(
  study: StudyHead,
  shown: Shown,
  queries: readonly Observation[],
  encoder: PromptEncoder,
): Example[] {
  return makeQuestions(study, shown, queries, encoder).map(({ frame, ...question }, q) => {
    const { y } = queries[q]!;
    const spell = (codec: NumberCodec) => (y === null ? [INFEASIBLE_ID] : codec.encode(y));
    return {
      ...question,
      absolute: spell(ABSOLUTE),
      ...(frame && { relative: spell(new RelativeCodec(frame, encoder.digits)) }),
    };
  });
}

/** Questions with their answers as numbers; their errors are measured in the frame of the whole study. */
export function validationExamples(
  study: StudyHead,
  shown: Shown,
  queries: readonly Observation[],
  encoder: PromptEncoder,
  { center, scale }: ValidationExample['studyFrame'],
): ValidationExample[] {
  return makeQuestions(study, shown, queries, encoder).map(({ frame, ...question }, i) => ({
    ...question,
    study: rootOf(study),
    ...(frame && { frame: { center: frame.center, scale: frame.scale, digits: encoder.digits } }),
    y: queries[i]!.y,
    studyFrame: { center, scale },
  }));
}

/** The frame of all of a study's trials. */
export async function wholeFrame(study: StudySource): Promise<ValidationExample['studyFrame']> {
  const outcomes = await study.outcomes();
  const { center, scale } = studyFrame(outcomes.filter((y) => !Number.isNaN(y)));
  return { center, scale };
}
