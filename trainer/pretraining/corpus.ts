// The corpus of a pretraining: made-up studies without end and measured families, cut into episodes. Episode n is a pure
// function of the folder's content, the options and n, so any worker makes it, and a resumed run sees what it would have seen.
import { studyFrame } from '../../tokenizer/frame.js';
import type { Observation } from '../evidence.js';
import { fitHistory, type HistoryRow, poolOf, rowsOf } from '../history.js';
import { Random } from '../random.js';
import { drawFew, headOf } from '../study-source.js';
import type { StudyHead, StudySource, Trial } from '../types.js';
import { type Disguise, drawDisguise, undisguised } from './disguise.js';
import { type RealFamily, readFamilies } from './real-studies.js';
import { chance, logInteger } from './synthetic/draws.js';
import { syntheticFamily } from './synthetic/synthetic-study.js';

const EPISODE_STREAM = 0x65706973;
const VALIDATION_STREAM = 0x76616c69;
/** Made-up families from this number on are for validation: no training comes that far. */
const VALIDATION_FAMILIES = 2 ** 31;

/** Trials shown in validation episodes, in turn, as far as `max_context` goes. */
const VALIDATION_CONTEXTS = [0, 5, 10, 50, 200];
const VALIDATION_QUERIES = 20;
/** Validation episodes of each measured study that was held back, with different contexts. */
const REAL_VALIDATION = 3;

/** Families count by the root of their tasks, so that one of a hundred tasks comes three times as often as one of ten. */
const MOST_TASKS = 40;
/** Trials of relatives that history is fitted on: between these, log-uniform. */
const HISTORY_TRIALS = [100, 1500] as const;

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
}

export interface ValidationEpisode extends PretrainingEpisode {
  /** What the study is and how many trials were shown: `measured, 10 trials`. */
  group: string;
  /** All of the study's trials, as errors are measured in their frame. */
  outcomes: Float64Array;
}

/** A study and those that measured the same thing. */
interface Chosen {
  study: StudySource;
  relatives: readonly StudySource[];
}

export class Corpus {
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
    const { study, relatives } = real ? this.chooseReal(random) : chooseSynthetic(seed, number, random);
    const largest = Math.min(max_context, study.trials - 1);
    const size = largest < 1 || chance(no_context, random) ? 0 : logInteger(1, largest, random);
    const lean = real && chance(searched, random);
    const drawn = await drawTrials(study, size, queries, lean, random);
    const hidden = real && chance(disguised, random);
    const disguise = hidden ? disguiseOf(study, drawn.context.concat(drawn.queries), random) : undisguised(study);
    const blind = hidden || chance(no_history, random);
    const rows = blind ? [] : await historyOf(study, relatives, random);
    return { seed: number, ...observe(disguise, drawn, rows) };
  }

  /** Number of validation episodes. */
  get validations(): number {
    return this.options.validation_studies + this.heldBack.length * REAL_VALIDATION;
  }

  /** Of made-up studies first, then of measured ones that were held back, their families' others being known. */
  async validation(number: number): Promise<ValidationEpisode> {
    const { seed, validation_studies, max_context } = this.options;
    const random = new Random(seed, VALIDATION_STREAM, number);
    const measured = number - validation_studies;
    const real = measured >= 0 ? this.heldBack[Math.floor(measured / REAL_VALIDATION)] : undefined;
    const { study, relatives } = real ?? chooseSynthetic(seed, VALIDATION_FAMILIES + number, random);
    const contexts = VALIDATION_CONTEXTS.filter((n) => n <= max_context);
    const wanted = contexts[number % contexts.length]!;
    const size = Math.min(wanted, Math.floor(study.trials * 0.7));
    const drawn = await drawTrials(study, size, VALIDATION_QUERIES, false, random);
    // Every other one as the first of its kind.
    const rows = number % 2 === 0 ? [] : await historyOf(study, relatives, random);
    const group = `${real ? 'measured' : 'made up'}, ${wanted} trials`;
    return { seed: number, ...observe(undisguised(study), drawn, rows), group, outcomes: await study.outcomes() };
  }

  private get heldBack(): Chosen[] {
    return this.families.flatMap(({ heldBack, studies }) =>
      heldBack.map((study) => ({ study, relatives: relativesIn(studies, study) })),
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
    return { study, relatives: relativesIn(studies, study) };
  }
}

function chooseSynthetic(seed: number, family: number, random: Random): Chosen {
  const studies = syntheticFamily(seed, family);
  const study = studies[random.integer(studies.length)]!;
  return { study, relatives: relativesIn(studies, study) };
}

function relativesIn(studies: readonly StudySource[], study: StudySource): StudySource[] {
  return studies.filter((other) => other !== study && poolOf(other) === poolOf(study));
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

/** What some of the relatives have measured; none of them may be asked about. */
async function historyOf(study: StudySource, relatives: readonly StudySource[], random: Random): Promise<HistoryRow[]> {
  if (relatives.length === 0) return [];
  const some = random.shuffle([...relatives]).slice(0, logInteger(1, relatives.length, random));
  const each = Math.ceil(logInteger(...HISTORY_TRIALS, random) / some.length);
  const rows = await Promise.all(
    some.map(async (relative) => {
      const positions = Int32Array.from({ length: relative.trials }, (_, i) => i);
      const trials = (await relative.read(drawFew(positions, each, random))).filter(({ y }) => y !== null);
      const ys = trials.map(({ y }) => y!);
      return rowsOf(relative, trials, ys, studyFrame(ys));
    }),
  );
  return rows.flat().filter((row) => row.study !== study.id);
}

function observe(
  { head, trial }: Disguise,
  { context, queries }: DrawnTrials,
  rows: readonly HistoryRow[],
): Pick<PretrainingEpisode, 'study' | 'context' | 'queries'> {
  const model = rows.length > 0 && context.length > 0 ? fitHistory(rows, head, new Set()) : undefined;
  const see = (trials: Trial[]): Observation[] => {
    const shown = trials.map(trial);
    if (!model) return shown;
    const values = model(
      head,
      shown.map(({ x }) => x),
    );
    return shown.map((one, i) => ({ ...one, history: values[i]! }));
  };
  // A plain head: sources carry functions, which no thread can be sent.
  return { study: headOf(head), context: see(context), queries: see(queries) };
}
