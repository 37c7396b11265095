// History: everything that a model knows of other studies. Asked about a study it finds the relatives; their fits are made once and kept.
import { RecentCache } from '../../tokenizer/recent-cache.js';
import type { JsonObject, StudyHead } from '../types.js';
import { parameterNames, type Relative, relativesOf } from './alike.js';
import { type KnownStudy, keyOfKnown } from './known-studies.js';
import { Relatives } from './relatives.js';
import { fitStudy, type StudyFit } from './study-fit.js';

/** Fits that are kept, at most twice as many: a few hundred kB each. */
const CACHED_FITS = 64;

/** Fits of known studies by what they are of; may be shared by histories that know the same studies under the same ids. */
export type FitCache = RecentCache<StudyFit>;

export const makeFitCache = (): FitCache => new RecentCache(CACHED_FITS);

export class History {
  private readonly names = new WeakMap<KnownStudy, Set<string>>();
  private readonly parts = new WeakMap<KnownStudy, StudyFit>();

  constructor(
    readonly studies: readonly KnownStudy[],
    private readonly fits: FitCache = makeFitCache(),
  ) {}

  /**
   * The studies related to this one, which is never among them; undefined where none is.
   * @param xs some of its parameters: of its trials, or while it has none, of what is asked
   */
  about(study: StudyHead, xs: readonly JsonObject[]): Relatives | undefined {
    const found = this.related(study, xs);
    return found.length > 0 ? new Relatives(study, found, (relative, log) => this.fitOf(relative, log)) : undefined;
  }

  /** As `about`, the studies themselves, most alike first. */
  related(study: StudyHead, xs: readonly JsonObject[]): Relative[] {
    if (this.studies.length === 0) return [];
    return relativesOf(study, parameterNames(xs), this.studies, (known) => this.namesOf(known));
  }

  private fitOfPart(study: KnownStudy, logarithmic: boolean): StudyFit {
    let fit = this.parts.get(study);
    if (!fit) {
      fit = fitStudy(study, logarithmic);
      this.parts.set(study, fit);
    }
    return fit;
  }

  private namesOf(known: KnownStudy): Set<string> {
    let names = this.names.get(known);
    if (!names) {
      names = parameterNames(known.trials.map(({ x }) => x));
      this.names.set(known, names);
    }
    return names;
  }

  private fitOf({ study }: Relative, logarithmic: boolean): StudyFit {
    // A part of a known study (copies.ts) goes by the study's id, and is none of those that are shared.
    if (!this.names.has(study)) return this.fitOfPart(study, logarithmic);
    const key = `${logarithmic ? 'log' : 'own'} ${keyOfKnown(study)}`;
    let fit = this.fits.get(key);
    if (!fit) {
      fit = fitStudy(study, logarithmic);
      this.fits.set(key, fit);
    }
    return fit;
  }
}
