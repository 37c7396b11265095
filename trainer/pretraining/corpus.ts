// The corpus of a pretraining: made-up studies without end and measured families, cut into episodes. Episode n is a pure
// function of the folder's content, the options and n, so any worker makes it, and a resumed run sees what it would have seen.
import type { Observation } from '../evidence.js';
import { History, makeFitCache } from '../history/history.js';
import { type KnownStudy, knownStudy } from '../history/known-studies.js';
import type { Relatives } from '../history/relatives.js';
import { Random } from '../random.js';
import { drawFew, headOf } from '../study-source.js';
import type { StudyHead, StudySource, Trial } from '../types.js';
import { type Disguise, drawDisguise, undisguised } from './disguise.js';
import { type RealFamily, readFamilies } from './real-studies.js';
import { chance, logInteger } from './synthetic/draws.js';
import { syntheticFamily } from './synthetic/synthetic-study.js';

const EPISODE_STREAM = 0x65706973;
const VALIDATION_STREAM = 0x76616c69;
/** Whatever a training's own seed is, so that trainings of different seeds are judged on the same questions. */
const VALIDATION_SEED = 1;
/** Made-up families from this number on are for validation: no training comes that far. */
const VALIDATION_FAMILIES = 2 ** 31;

/** Trials shown in validation episodes, in turn, as far as `max_context` goes. */
const VALIDATION_CONTEXTS = [0, 5, 10, 50, 200];
const VALIDATION_QUERIES = 20;
/** Validation episodes of each measured study that was held back, with different contexts. */
const REAL_VALIDATION = 3;

/** Families count by the root of their tasks, so that one of a hundred tasks comes three times as often as one of ten. */
const MOST_TASKS = 40;
/** Trials that are known of each relative: between these, log-uniform, and of measured ones always the same, so that each is fitted once. */
const KNOWN_TRIALS = [10, 150] as const;
const MEASURED_KNOWN = 150;
const KNOWN_STREAM = 0x6b6e6f77;

export interface CorpusOptions {
  seed: number;
  /** Share of episodes on measured studies; the others are made up. */
  real_share: number;
  /** Made-up studies that validation asks about, beside all measured ones that are held back. */
  validation_studies: number;
  /** Share of measured episodes in disguise: see disguise.ts. */
  disguised: number;
  /** Share of measured contexts that lean to the good side, as an optimizer's do. Made-up studies have this in their design. */
  searched: number;
  queries: number;
  max_context: number;
  no_context: number;
  /** Share of episodes of studies with relatives that are told nothing of them. */
  no_history: number;
}

export interface PretrainingEpisode {
  study: StudyHead;
  /** Seed of its experts. */
  seed: number;
  context: Observation[];
  queries: Observation[];
  /** What the studies related to it say; undefined where there are none, or the episode is not told. */
  relatives: Relatives | undefined;
}

export interface ValidationEpisode extends PretrainingEpisode {
  /** What the study is and how many trials were shown: `measured, 10 trials`. */
  group: string;
  /** All of the study's trials, as errors are measured in their frame. */
  outcomes: Float64Array;
}

/** A study and the others of its family. */
interface Chosen {
  study: StudySource;
  others: readonly StudySource[];
  measured: boolean;
}

export class Corpus {
  private readonly fits = makeFitCache();
  private readonly known = new WeakMap<StudySource, Promise<KnownStudy>>();

  private constructor(
    private readonly options: CorpusOptions,
    readonly families: readonly RealFamily[],
  ) {}

  /** @param folder of families; absent: made-up studies only. @throws TrainerError `no_training_data` */
  static async open(folder: string | undefined, options: CorpusOptions): Promise<Corpus> {
    return new Corpus(options, folder === undefined ? [] : await readFamilies(folder));
  }

  async training(number: number): Promise<PretrainingEpisode> {
    const { seed, real_share, disguised, searched, queries, max_context, no_context, no_history } = this.options;
    const random = new Random(seed, EPISODE_STREAM, number);
    const real = this.families.length > 0 && chance(real_share, random);
    const chosen = real ? this.chooseReal(random) : chooseSynthetic(seed, number, random);
    const { study } = chosen;
    const largest = Math.min(max_context, study.trials - 1);
    const size = largest < 1 || chance(no_context, random) ? 0 : logInteger(1, largest, random);
    const lean = real && chance(searched, random);
    const drawn = await drawTrials(study, size, queries, lean, random);
    const hidden = real && chance(disguised, random);
    const disguise = hidden ? disguiseOf(study, drawn.context.concat(drawn.queries), random) : undisguised(study);
    const blind = hidden || chance(no_history, random);
    const relatives = blind ? undefined : await this.relativesOf(chosen, drawn, random);
    return { seed: number, ...shown(disguise, drawn), relatives };
  }

  /** Number of validation episodes. */
  get validations(): number {
    return this.options.validation_studies + this.heldBack.length * REAL_VALIDATION;
  }

  /** Of made-up studies first, then of measured ones that were held back, their families' others being known. */
  async validation(number: number): Promise<ValidationEpisode> {
    const { validation_studies, max_context } = this.options;
    const random = new Random(VALIDATION_SEED, VALIDATION_STREAM, number);
    const measured = number - validation_studies;
    const real = measured >= 0 ? this.heldBack[Math.floor(measured / REAL_VALIDATION)] : undefined;
    const chosen = real ?? chooseSynthetic(VALIDATION_SEED, VALIDATION_FAMILIES + number, random);
    const { study } = chosen;
    const contexts = VALIDATION_CONTEXTS.filter((n) => n <= max_context);
    const wanted = contexts[number % contexts.length]!;
    const size = Math.min(wanted, Math.floor(study.trials * 0.7));
    const drawn = await drawTrials(study, size, VALIDATION_QUERIES, false, random);
    // Every other one as the first of its kind.
    const relatives = number % 2 === 0 ? undefined : await this.relativesOf(chosen, drawn, random);
    const group = `${real ? 'measured' : 'made up'}, ${wanted} trials${relatives ? ', relatives' : ''}`;
    const outcomes = await study.outcomes();
    return { seed: number, ...shown(undisguised(study), drawn), relatives, group, outcomes };
  }

  private get heldBack(): Chosen[] {
    return this.families.flatMap(({ heldBack, studies }) =>
      heldBack.map((study) => ({ study, others: studies, measured: true })),
    );
  }

  private chooseReal(random: Random): Chosen {
    const weights = this.families.map(({ studies }) => Math.sqrt(Math.min(MOST_TASKS, studies.length)));
    let left = random.uniform() * weights.reduce((a, b) => a + b, 0);
    const place = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    const { studies } = this.families[place < 0 ? this.families.length - 1 : place]!;
    const study = studies[random.integer(studies.length)]!;
    return { study, others: studies, measured: true };
  }

  /** What some of the family's others have measured; they are never asked about. */
  private async relativesOf(
    { study, others, measured }: Chosen,
    { context, queries }: DrawnTrials,
    random: Random,
  ): Promise<Relatives | undefined> {
    const candidates = others.filter((other) => other !== study);
    if (candidates.length === 0) return undefined;
    const some = random.shuffle([...candidates]).slice(0, logInteger(1, candidates.length, random));
    const trials = logInteger(...KNOWN_TRIALS, random);
    const known = await Promise.all(
      some.map((other) => (measured ? this.measuredKnown(other) : drawKnown(other, trials, random))),
    );
    const told = known.filter((one) => one.trials.length > 0);
    const xs = (context.length > 0 ? context : queries).map(({ x }) => x);
    return new History(told, measured ? this.fits : makeFitCache()).about(headOf(study), xs);
  }

  private measuredKnown(study: StudySource): Promise<KnownStudy> {
    let known = this.known.get(study);
    if (!known) {
      const seed = Array.from(study.id, (c) => c.codePointAt(0)!);
      known = drawKnown(study, MEASURED_KNOWN, new Random(KNOWN_STREAM, ...seed));
      this.known.set(study, known);
    }
    return known;
  }
}

async function drawKnown(study: StudySource, count: number, random: Random): Promise<KnownStudy> {
  const positions = Int32Array.from({ length: study.trials }, (_, i) => i);
  const trials = await study.read(drawFew(positions, count, random));
  return knownStudy(
    headOf(study),
    trials.flatMap(({ x, y }) => (y === null ? [] : [{ x, y }])),
  );
}

function chooseSynthetic(seed: number, family: number, random: Random): Chosen {
  const studies = syntheticFamily(seed, family);
  const study = studies[random.integer(studies.length)]!;
  return { study, others: studies, measured: false };
}

interface DrawnTrials {
  context: Trial[];
  queries: Trial[];
}

/**
 * A context of `size` trials and questions about others. A context that leans is half of it the best of three times as many:
 * which end is the good one is left to chance, as goals are.
 */
async function drawTrials(
  study: StudySource,
  size: number,
  queries: number,
  lean: boolean,
  random: Random,
): Promise<DrawnTrials> {
  const positions = Int32Array.from({ length: study.trials }, (_, i) => i);
  const wanted = lean ? size * 3 + queries : size + queries;
  const trials = await study.read(drawFew(positions, wanted, random));
  if (!lean || trials.length < size + queries) return { context: trials.slice(0, size), queries: trials.slice(size) };
  const asked = trials.slice(0, queries);
  const sign = chance(0.5, random) ? 1 : -1;
  const rest = trials.slice(queries);
  const best = [...rest].sort((a, b) => sign * ((a.y ?? 0) - (b.y ?? 0))).slice(0, Math.ceil(size / 2));
  const taken = new Set(best);
  const others = rest.filter((trial) => !taken.has(trial)).slice(0, size - best.length);
  return { context: random.shuffle([...best, ...others]), queries: asked };
}

function disguiseOf(study: StudySource, trials: readonly Trial[], random: Random): Disguise {
  return drawDisguise(study, [...new Set(trials.flatMap(({ x }) => Object.keys(x)))].sort(), random);
}

function shown(
  { head, trial }: Disguise,
  { context, queries }: DrawnTrials,
): Pick<PretrainingEpisode, 'study' | 'context' | 'queries'> {
  // A plain head: sources carry functions, which no thread can be sent.
  return { study: headOf(head), context: context.map(trial), queries: queries.map(trial) };
}
