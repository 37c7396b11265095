// One known study's own answer for any x: what its trials, and nobody else's, say.
import { quantile, studyFrame } from '../../tokenizer/frame.js';
import type { ExpertName } from '../experts/expert.js';
import { Featurizer } from '../experts/features/featurizer.js';
import { fitExperts } from '../experts/fit-experts.js';
import { fitProcessAlone } from '../experts/gaussian-process.js';
import { thin } from '../thin.js';
import type { JsonObject } from '../types.js';
import type { KnownStudy } from './known-studies.js';

/** y at each of xs, in the unit of the study. */
export type StudyFit = (xs: readonly JsonObject[]) => Float64Array;

const BOOSTING: ExpertName = 'gradient_boosting';
/** Of a study with more trials the process sees these many: its cost is cubic, boosting's is not. */
const PROCESS_TRIALS = 300;
/** Coarser than the local expert's: a relative need not be known to the last digit, and there are many of them. */
const PROCESS = { learningRows: 50, evaluations: 12, trialEvaluations: 4 };
const SEED = 1;
/** How far beyond its measurements a study's fit may go, in spans of them. */
const MARGIN = 0.25;

/** The mean of boosting and a Gaussian process, on a logarithmic scale or in the study's own frame. */
export function fitStudy({ trials }: KnownStudy, logarithmic: boolean): StudyFit {
  const frame = studyFrame(trials.map(({ y }) => y));
  const to = logarithmic ? Math.log : (y: number) => Math.asinh((y - frame.center) / frame.scale);
  const from = logarithmic ? Math.exp : (z: number) => frame.center + frame.scale * Math.sinh(z);
  const zs = Float64Array.from(trials, ({ y }) => to(y));
  const sorted = zs.slice().sort();
  const [least, most] = [sorted[0]!, sorted[sorted.length - 1]!];
  const margin = MARGIN * (most - least);
  const boosting = fitExperts(
    trials.map(({ x }) => x),
    zs,
    { seed: SEED, which: [BOOSTING] },
  );
  const some = thin([...trials.keys()], PROCESS_TRIALS);
  const shown = some.map((i) => trials[i]!.x);
  const featurizer = Featurizer.fit(shown);
  const process = fitProcessAlone(
    { features: featurizer.transform(shown).metric, y: Float64Array.from(some, (i) => zs[i]!) },
    SEED,
    PROCESS,
  );
  return (xs) => {
    const trees = boosting.predict(xs)[BOOSTING]!.mean;
    const smooth = process.predictFunction(featurizer.transform(xs).metric).mean;
    return trees.map((z, i) => {
      const mean = (z + process.fromScale(smooth[i]!)) / 2;
      return from(Math.max(least - margin, Math.min(most + margin, mean)));
    });
  };
}

/** Where a study's measurements lie on a scale: their median, and their standard deviation around it. */
export function placeOf(values: Float64Array): { center: number; spread: number } {
  const center = quantile(values.slice().sort(), 0.5);
  let squares = 0;
  for (const value of values) squares += (value - center) ** 2;
  return { center, spread: Math.sqrt(squares / values.length) };
}
