// From the value of a function to a measured y: a scale that fits the objective's unit, noise of some kind, failures.
import type { Random } from '../../random.js';
import { chance, clamp, logInteger, logUniform, pick, rounded, studentT } from './draws.js';

/** An objective of a domain: `name goal unit`. */
export interface ObjectiveSpec {
  name: string;
  goal: 'minimize' | 'maximize';
  unit: string;
}

export function parseObjective(spec: string): ObjectiveSpec {
  const [name, goal, ...unit] = spec.split(' ');
  return { name: name!, goal: goal === '-' ? 'minimize' : 'maximize', unit: unit.join(' ') };
}

/** Turns g, a standardised value of the study's function (about −2 to 2), into what was measured at z. */
export type Outcome = (g: number, z: Float64Array, random: Random) => number;

/** What one task of a family has of its own. */
export interface TaskScale {
  /** Factor on y, where y is a size. */
  factor: number;
  /** Added to g. */
  offset: number;
}

const SHARES = /accuracy|auc|f1|r2|top5|rate|faithfulness|recall|precision|viability/;
const LARGEST = 1e30;
/** Keeps exponentials within what the codecs can write. */
const MAX_LOG = 25;

/** Draws how a study's objective behaves; tasks of one family share it but for their scale. */
export function drawOutcome(objective: ObjectiveSpec, random: Random): (task: TaskScale) => Outcome {
  const scale = drawScale(objective, random);
  const noise = drawNoise(random);
  const digits = chance(0.3, random) ? 1 + random.integer(4) : 7;
  const plateau = chance(0.12, random) ? pick([-1, 1], random) * (0.3 + random.uniform()) : undefined;
  return (task) => {
    const shown = scale(task);
    return (g, z, own) => {
      const flat = plateau === undefined ? g : plateau > 0 ? Math.min(g, plateau) : Math.max(g, plateau);
      const y = noise.after(shown(noise.before(flat + task.offset, z, own)), own);
      return clamp(rounded(y, digits), -LARGEST, LARGEST);
    };
  };
}

type Scale = (task: TaskScale) => (g: number) => number;

function drawScale({ name, unit }: ObjectiveSpec, random: Random): Scale {
  const share = unit === '%' || (unit === '' && SHARES.test(name));
  if (share && chance(0.8, random)) {
    const top = unit === '%' ? 100 : 1;
    const middle = 2.5 * random.normal();
    const slope = logUniform(0.1, 3, random);
    return () => (g) => top / (1 + Math.exp(clamp(-(middle + slope * g), -MAX_LOG, MAX_LOG)));
  }
  const size = sizeOf(unit, random);
  if (chance(0.5, random)) {
    const spread = logUniform(0.03, 2.5, random);
    const whole = unit === 'bytes' || chance(0.1, random);
    return ({ factor }) =>
      (g) => {
        const y = factor * size * Math.exp(clamp(spread * g, -MAX_LOG, MAX_LOG));
        return whole ? Math.round(y) : y;
      };
  }
  if (chance(0.15, random))
    return ({ factor }) =>
      (g) =>
        factor * size * g * g;
  // Times and sizes lie far above zero; scores may lie anywhere.
  const spread = size * logUniform(0.01, 1, random);
  const base = unit === '' && chance(0.6, random) ? size * random.normal() : 3 * size;
  return ({ factor }) =>
    (g) =>
      factor * (base + spread * clamp(g, -1e6, 1e6));
}

function sizeOf(unit: string, random: Random): number {
  switch (unit) {
    case 's':
      return logUniform(1e-3, 1e4, random);
    case 'ms':
      return logUniform(1e-2, 1e4, random);
    case 'bytes':
      return logUniform(1e3, 1e9, random);
    default:
      return 10 ** clamp(2 * random.normal(), -9, 9);
  }
}

/** `before`: on the standardised value; `after`: on y. */
interface Noise {
  before: (g: number, z: Float64Array, random: Random) => number;
  after: (y: number, random: Random) => number;
}

const KEEP_VALUE = (g: number): number => g;
const KEEP_Y = (y: number): number => y;

function drawNoise(random: Random): Noise {
  const size = logUniform(0.01, 0.7, random);
  const [axis, other] = [random.uniform(), random.uniform()];
  const share = logUniform(0.005, 0.1, random);
  const degrees = logInteger(1, 4, random);
  const kind = pick(
    ['none', 'none', 'none', 'normal', 'normal', 'relative', 'uneven', 'heavy', 'wild', 'drowned'] as const,
    random,
  );
  switch (kind) {
    case 'none':
      return { before: KEEP_VALUE, after: KEEP_Y };
    case 'normal':
      return { before: (g, _, own) => g + size * own.normal(), after: KEEP_Y };
    case 'relative':
      return { before: KEEP_VALUE, after: (y, own) => y * Math.exp(0.3 * size * own.normal()) };
    case 'uneven': {
      // Larger along one parameter, or where the value is large.
      const along = (g: number, z: Float64Array) =>
        other < 0.5 ? 2 * z[Math.floor(axis * z.length)]! : Math.exp(clamp(g, -3, 3) / 2);
      return { before: (g, z, own) => g + size * along(g, z) * own.normal(), after: KEEP_Y };
    }
    case 'heavy':
      return { before: (g, _, own) => g + 0.5 * size * clamp(studentT(degrees, own), -1e4, 1e4), after: KEEP_Y };
    case 'wild':
      // A few measurements that went wrong.
      return { before: (g, _, own) => (chance(share, own) ? g + 8 * own.normal() : g), after: KEEP_Y };
    case 'drowned':
      // Next to nothing but noise: the right answer is the spread of y, stated with confidence.
      return { before: (g, _, own) => 0.15 * g + own.normal(), after: KEEP_Y };
  }
}

/** Whether a trial fails, as a function of z and chance: beyond a limit of some score, and now and then anywhere. */
export function drawFailures(
  score: (z: Float64Array) => number,
  probes: readonly Float64Array[],
  random: Random,
): (z: Float64Array, random: Random) => boolean {
  const share = logUniform(0.02, 0.4, random);
  const scores = probes.map(score).sort((a, b) => a - b);
  const limit = scores[Math.min(scores.length - 1, Math.floor((1 - share) * scores.length))]!;
  const anywhere = chance(0.4, random) ? 0.1 * random.uniform() : 0;
  return (z, own) => score(z) > limit || chance(anywhere, own);
}
