// Families of made-up studies: each a pure function of (seed, index), its trials made when they are read and never stored.

import { Random } from '../../random.js';
import { mean, standardDeviation } from '../../statistics.js';
import type { Json, JsonObject, Objective, StudySource, Trial } from '../../types.js';
import { drawFunction, drawKind, type UnitFunction } from '../functions/random-functions.js';
import { type Design, drawDesign } from './design.js';
import { DOMAINS, type Domain } from './domains.js';
import { chance, logInteger, logUniform, pick, rounded } from './draws.js';
import { drawFailures, drawOutcome, type ObjectiveSpec, type Outcome, parseObjective } from './outcome.js';
import { Space } from './space.js';

const FAMILY_STREAM = 0x66616d69;
const TASK_STREAM = 0x7461736b;
const POINT_STREAM = 0x706f696e;
const NOISE_STREAM = 0x6e6f6973;

/** Points at which functions are measured, to bring them to one scale. */
const PROBES = 64;
const MAX_TASKS = 12;
/** Share of families with one study only. */
const ALONE = 0.5;

/** What all studies of a family have in common. */
interface Shared {
  seed: number;
  index: number;
  domain: Domain;
  space: Space;
  objective: ObjectiveSpec;
  anonymous: boolean;
  /** Standardised at the probes. */
  latent: UnitFunction;
  probes: { u: Float64Array; z: Float64Array }[];
  outcome: (task: { factor: number; offset: number }) => Outcome;
  fails: ((z: Float64Array, random: Random) => boolean) | undefined;
  /** How far the tasks differ: 0 not at all, 1 as if they were strangers. */
  difference: number;
  /** Whether all tasks measured the same points. */
  samePoints: boolean;
  design: number;
  metadataKeys: string[];
}

/**
 * The studies of family number `index`: mostly one, else up to twelve that share parameters and most of a function. Each has some
 * hundred trials; any of them can be read on its own.
 */
export function syntheticFamily(seed: number, index: number): StudySource[] {
  const random = new Random(seed, FAMILY_STREAM, index);
  const count = chance(ALONE, random) ? 1 : 2 + random.integer(MAX_TASKS - 1);
  const domain = pick(DOMAINS, random);
  const anonymous = chance(0.15, random);
  const space = Space.draw({ domain, anonymous }, random);
  const probes = Array.from({ length: PROBES }, () => {
    const u = Float64Array.from({ length: space.dimension }, () => random.uniform());
    return { u, z: space.show(u, random).z };
  });
  const latent = standardised(drawMixture(space.dimension, random), probes);
  const objective = parseObjective(pick(domain.objectives, random));
  const shared: Shared = {
    seed,
    index,
    domain,
    space,
    objective: anonymous ? { ...objective, name: pick(['y', 'objective', 'f', 'value'], random), unit: '' } : objective,
    anonymous,
    latent,
    probes,
    outcome: drawOutcome(objective, random),
    fails: chance(0.2, random)
      ? drawFailures(
          drawFunction('additive', space.dimension, random),
          probes.map(({ z }) => z),
          random,
        )
      : undefined,
    difference: random.uniform() ** 2,
    samePoints: chance(0.4, random),
    design: random.integer(2 ** 31),
    metadataKeys: random.shuffle([...domain.metadata]).slice(0, random.integer(domain.metadata.length + 1)),
  };
  return Array.from({ length: count }, (_, task) => syntheticStudy(shared, task));
}

/** One function, or the sum of two. */
function drawMixture(dimension: number, random: Random): UnitFunction {
  const first = drawFunction(drawKind(dimension, random), dimension, random);
  if (chance(0.7, random)) return first;
  const second = drawFunction(drawKind(dimension, random), dimension, random);
  const share = random.uniform();
  return (z) => (1 - share) * first(z) + share * second(z);
}

/** Mean 0 and standard deviation 1 at the probes; a constant stays one. */
function standardised(f: UnitFunction, probes: readonly { z: Float64Array }[]): UnitFunction {
  const values = probes.map(({ z }) => f(z));
  const [centre, sd] = [mean(values), standardDeviation(values)];
  // What differs by rounding alone is a constant.
  const scale = sd > 1e-9 * Math.abs(centre) ? sd : 1;
  return (z) => (f(z) - centre) / scale;
}

function syntheticStudy(shared: Shared, task: number): StudySource {
  const { seed, index, objective } = shared;
  const random = new Random(seed, TASK_STREAM, index, task);
  // How large the task is: it moves the outcome, and metadata may tell.
  const size = random.normal();
  const trials = logInteger(60, 400, random);
  const metadata = drawMetadata(shared, task, size, random);
  let law: TaskLaw | undefined;
  const trialAt = (position: number): Trial => {
    law ??= drawLaw(shared, task, { size, trials }, random);
    return measure(shared, law, position);
  };
  const named: Objective = {
    name: objective.name,
    ...(chance(0.85, random) && { goal: objective.goal }),
    ...(objective.unit !== '' && { unit: objective.unit }),
  };
  return {
    id: `synthetic/${seed}/${index}/${task}`,
    metadata,
    objective: named,
    trials,
    version: '1',
    outcomes: async () => Float64Array.from({ length: trials }, (_, i) => trialAt(i).y ?? Number.NaN),
    read: async (positions) => Array.from(positions, trialAt),
  };
}

/** What decides on a task's trials. Drawn with the first of them: most tasks of a family are never read. */
interface TaskLaw {
  task: number;
  design: Design;
  g: UnitFunction;
  outcome: Outcome;
}

function drawLaw(
  shared: Shared,
  task: number,
  { size, trials }: { size: number; trials: number },
  random: Random,
): TaskLaw {
  const { space, difference, samePoints } = shared;
  const own = standardised(drawMixture(space.dimension, random), shared.probes);
  const near = Math.sqrt(1 - difference);
  const far = Math.sqrt(difference);
  const g: UnitFunction = (z) => near * shared.latent(z) + far * own(z);
  const factor = Math.exp(size * logUniform(0.05, 1.5, new Random(shared.design)));
  const outcome = shared.outcome({ factor, offset: 0.3 * difference * random.normal() });
  const source = samePoints ? new Random(shared.design) : random;
  const design = drawDesign(space.dimension, trials, bestProbe(shared, g), source);
  return { task, design, g, outcome };
}

function measure(
  { seed, index, space, samePoints, fails }: Shared,
  { task, design, g, outcome }: TaskLaw,
  position: number,
): Trial {
  const u = design(position, new Random(seed, POINT_STREAM, index, samePoints ? -1 : task, position));
  const random = new Random(seed, NOISE_STREAM, index, task, position);
  const { x, z } = space.show(u, random);
  return { x, y: fails?.(z, random) ? null : outcome(g(z), z, random) };
}

function bestProbe({ probes, objective }: Shared, g: UnitFunction): Float64Array {
  const sign = objective.goal === 'minimize' ? 1 : -1;
  let best = probes[0]!;
  for (const probe of probes) if (sign * g(probe.z) < sign * g(best.z)) best = probe;
  return best.u;
}

/** Some of what a user would write: a title, what was measured where, and numbers that tell how large the task is. */
function drawMetadata(shared: Shared, task: number, size: number, random: Random): JsonObject {
  if (shared.anonymous) return {};
  const { domain, metadataKeys } = shared;
  const family = new Random(shared.design, 1);
  const title = pick(domain.titles, family);
  const metadata: JsonObject = {};
  if (chance(0.8, family)) metadata.title = chance(0.5, family) ? title : `${title} ${task + 1}`;
  if (chance(0.25, family)) {
    metadata.description = `${title}: ${domain.name}, ${pick(domain.words, random)} ${pick(domain.words, random)}`;
  }
  for (const key of metadataKeys) metadata[key] = metadataValue(domain, size, family, random);
  return metadata;
}

function metadataValue(domain: Domain, size: number, family: Random, random: Random): Json {
  const kind = family.uniform();
  if (kind < 0.4) return rounded(logUniform(1, 1e5, family) * Math.exp(size), 4);
  if (kind < 0.5) return rounded(logUniform(1, 1e6, random), 3);
  return chance(0.5, family)
    ? pick(domain.words, random)
    : `${pick(domain.words, random)}_${pick(domain.words, random)}${random.integer(10)}`;
}
