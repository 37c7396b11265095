// What the model says of a study's own trials, each answered without it, kept current as trials arrive. See docs/calibration.md.
import { createHash } from 'node:crypto';
import { CALIBRATION_DEFAULTS } from '../calibration/defaults.js';
import type { Distribution } from '../distribution.js';
import { type Difficulty, Evidence, type Point } from '../evidence.js';
import type { PromptEncoder } from '../prompt.js';
import { deriveSeed, Random } from '../random.js';
import { thin } from '../thin.js';
import type { StudyHead, Trial } from '../types.js';
import { type Answer, type Ask, questionsAbout } from './questions.js';

export const CROSS_FIT_DEFAULTS = {
  /** Nothing is asked before this many trials have been measured. */
  leastTrials: CALIBRATION_DEFAULTS.leastTrials,
  folds: 5,
  /** A fold's evidence is fitted anew when the study has grown by this factor since. */
  growth: 1.25,
  /** Trials that are answered, at most; at least half as many of a larger study. */
  mostAnswers: 200,
  /** Trials that a fold's evidence is fitted on, at most, drawn evenly over the study. */
  mostContext: 300,
};

export type CrossFitOptions = typeof CROSS_FIT_DEFAULTS;

const FOLD_STREAM = 0x666f6c64;
const KEEP_STREAM = 0x6b656570;
const SEED = 1;

/** Where the scores of one study outlast the process; what is lost there is answered anew. */
export interface Kept {
  /** What was written last; undefined where nothing was, or it is not whole. */
  read(): string | undefined;
  write(text: string): void;
}

const NOT_KEPT: Kept = { read: () => undefined, write: () => {} };

/** What is written, as JSON. */
interface Saved<Score> {
  /** How many trials the study had, and their digest. */
  trials: number;
  digest: string;
  folds: ({ size: number; scores: [place: number, score: Score][] } | null)[];
}

interface Fold<Score> {
  /** Its evidence is that of the first `size` trials, its own left out. */
  size: number;
  /** Fitted when something is to be asked. */
  evidence?: Evidence;
  /** By the trial's place in the study. */
  scores: Map<number, Score>;
}

/**
 * Cross-fitted scores of one study. Trial i belongs to a fold that its place alone decides. A fold's evidence is fitted on the
 * study's first m trials without the fold's own, where m is the greatest size ≤ n on the fold's own geometric grid; it
 * answers all of the fold's trials, those after m as well. So a new trial costs one question to the model, and once the study has grown
 * by `growth`, each fold at a time of its own, one question for each of its trials: 1/(growth − 1) a trial on average. The scores
 * are a function of the list of trials alone: whether they came one by one or all at once makes no difference.
 */
export class CrossFit<Score> {
  private known: readonly Trial[] = [];
  private readonly folds: (Fold<Score> | undefined)[] = [];
  private last: Promise<unknown> = Promise.resolve();

  /**
   * @param ask finds what other studies say of this one; absent: none are asked
   * @param score what is kept of an answer about a trial that gave y: plain data
   * @param kept of this study, model and version of the program
   */
  constructor(
    private readonly study: StudyHead,
    private readonly ask: Ask | undefined,
    private readonly encoder: PromptEncoder,
    private readonly answer: Answer,
    private readonly score: (distribution: Distribution, y: number, difficulty: Difficulty | undefined) => Score,
    private readonly options: CrossFitOptions = CROSS_FIT_DEFAULTS,
    private readonly kept: Kept = NOT_KEPT,
  ) {}

  /**
   * Scores of the measured trials, in their order; empty where there are fewer than `leastTrials`. Only what is not known
   * from an earlier call is asked. Calls wait for one another.
   * @param trials in the order they were finished in; the same ones as before and new ones after them, or else what differs
   * is answered anew
   */
  scores(trials: readonly Trial[]): Promise<Score[]> {
    const result = this.last.then(() => this.update(trials));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async update(trials: readonly Trial[]): Promise<Score[]> {
    const { folds, leastTrials } = this.options;
    if (this.known.length === 0) this.restore(trials);
    this.forget(firstDifference(this.known, trials));
    this.known = trials.slice();
    const first = sizeAt(trials, leastTrials);
    if (first === undefined) return [];
    const asked = this.askedPlaces(trials);
    let news = 0;
    for (let f = 0; f < folds; f++) {
      const fold = this.fold(f, trials, first);
      const missing = asked.filter((place) => foldOf(place, folds) === f && !fold.scores.has(place));
      if (missing.length === 0) continue;
      news += missing.length;
      fold.evidence ??= this.fit(f, fold.size, trials);
      const points = missing.map((place): Point => {
        const { y: _, ...point } = trials[place]!;
        return point;
      });
      const questions = questionsAbout(this.study, points, fold.evidence, this.encoder);
      const distributions = await this.answer(questions);
      missing.forEach((place, i) => {
        fold.scores.set(place, this.score(distributions[i]!, trials[place]!.y!, questions.difficulties[i]));
      });
    }
    if (news > 0) this.save(trials);
    return asked.map((place) => this.folds[foldOf(place, folds)]!.scores.get(place)!);
  }

  /** Places of the measured trials that are answered: all of a small study, an even random choice of a large one. */
  private askedPlaces(trials: readonly Trial[]): number[] {
    const rate = keepRate(trials.length, this.options.mostAnswers);
    const asked: number[] = [];
    trials.forEach(({ y }, place) => {
      if (y !== null && isKept(place, rate)) asked.push(place);
    });
    return asked;
  }

  private fold(f: number, trials: readonly Trial[], first: number): Fold<Score> {
    const { folds, growth } = this.options;
    const size = refitSize(trials.length, first, growth, f / folds);
    const current = this.folds[f];
    if (current?.size === size) return current;
    const fold = { size, scores: new Map<number, Score>() };
    this.folds[f] = fold;
    return fold;
  }

  private fit(f: number, size: number, trials: readonly Trial[]): Evidence {
    const { folds, mostContext } = this.options;
    const others = trials.slice(0, size).filter((_, place) => foldOf(place, folds) !== f);
    const context = thin(others, mostContext);
    return Evidence.fit(context, SEED, this.ask?.(context.map(({ x }) => x)));
  }

  /** Takes up what an earlier process knew of the same trials, and perhaps fewer of them. */
  private restore(trials: readonly Trial[]): void {
    const text = this.kept.read();
    if (text === undefined) return;
    const saved = JSON.parse(text) as Saved<Score>;
    if (saved.trials > trials.length || saved.digest !== digestOf(trials.slice(0, saved.trials))) return;
    this.known = trials.slice(0, saved.trials);
    saved.folds.forEach((fold, f) => {
      if (fold) this.folds[f] = { size: fold.size, scores: new Map(fold.scores) };
    });
  }

  private save(trials: readonly Trial[]): void {
    const folds = Array.from(this.folds, (fold) => (fold ? { size: fold.size, scores: [...fold.scores] } : null));
    this.kept.write(JSON.stringify({ trials: trials.length, digest: digestOf(trials), folds } satisfies Saved<Score>));
  }

  /** Drops what rests on trials from `place` on. */
  private forget(place: number): void {
    this.folds.forEach((fold, f) => {
      if (!fold) return;
      if (fold.size > place) this.folds[f] = undefined;
      for (const scored of fold.scores.keys()) if (scored >= place) fold.scores.delete(scored);
    });
  }
}

/** Any `folds` trials in a row, counted from the first, are one of each fold; where the row begins is random. */
function foldOf(place: number, folds: number): number {
  const turn = (deriveSeed(SEED, FOLD_STREAM, Math.floor(place / folds)) >>> 0) % folds;
  return (place + turn) % folds;
}

/** Greatest size ≤ n among first·growth^(k + phase), k = 0, 1, …; `first` before the first of them. */
function refitSize(n: number, first: number, growth: number, phase: number): number {
  let size = first;
  for (let next = first * growth ** phase; Math.floor(next) <= n; next *= growth) size = Math.floor(next);
  return size;
}

/** Halves whenever a study would have more than `most` answers; what is kept at a lower rate is kept at a higher one. */
function keepRate(trials: number, most: number): number {
  return 2 ** -Math.max(0, Math.ceil(Math.log2(trials / most)));
}

const isKept = (place: number, rate: number): boolean =>
  rate === 1 || new Random(SEED, KEEP_STREAM, place).uniform() < rate;

/** How many trials there were when the `count`-th was measured; undefined where there are not so many. */
function sizeAt(trials: readonly Trial[], count: number): number | undefined {
  let measured = 0;
  const place = trials.findIndex(({ y }) => y !== null && ++measured === count);
  return place < 0 ? undefined : place + 1;
}

const digestOf = (trials: readonly Trial[]): string =>
  createHash('sha256').update(JSON.stringify(trials)).digest('base64');

function firstDifference(a: readonly Trial[], b: readonly Trial[]): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    if (a[i] !== b[i] && JSON.stringify(a[i]) !== JSON.stringify(b[i])) return i;
  }
  return shorter;
}
