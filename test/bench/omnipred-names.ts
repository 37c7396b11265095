// Named against anonymised keys: the same studies of several fields, told apart by their words, by a label, or by nothing.
import type { Json, JsonObject } from '../../trainer/types.js';
import type { Budget } from './omnipred-budgets.js';
import type { Cells } from './omnipred-cells.js';
import { type BenchStudy, corpusOf, dataOf, FUNCTIONS, type MeasuredTrial } from './omnipred-corpus.js';
import { plainErrors, plainFeed, trained } from './omnipred-model.js';

/** Words for one family: what is measured, of what, and what is varied. */
interface Field {
  title: string;
  objective: string;
  parameters: readonly string[];
  /** What a study's own numbers are called. */
  settings: readonly string[];
}

/** One a function of the corpus, in its order. */
const FIELDS: readonly Field[] = [
  {
    title: 'Reaction optimisation',
    objective: 'impurity',
    parameters: ['temperature', 'concentration', 'stirring_rate', 'flow_rate'],
    settings: ['substrate_polarity', 'substrate_size', 'batch_age', 'humidity'],
  },
  {
    title: 'Compiler flags',
    objective: 'exec_time',
    parameters: ['inline_threshold', 'unroll_factor', 'tile_size', 'align_loops'],
    settings: ['branchiness', 'footprint', 'call_depth', 'loop_share'],
  },
  {
    title: 'Aerofoil',
    objective: 'drag',
    parameters: ['angle_of_attack', 'chord', 'camber', 'twist'],
    settings: ['velocity', 'turbulence', 'density', 'roughness'],
  },
  {
    title: 'Image classifier',
    objective: 'val_loss',
    parameters: ['learning_rate', 'weight_decay', 'dropout', 'momentum'],
    settings: ['classes', 'examples', 'resolution', 'label_noise'],
  },
  {
    title: 'Cluster scheduler',
    objective: 'latency',
    parameters: ['replicas', 'queue_size', 'timeout', 'batch_window'],
    settings: ['arrival_rate', 'burstiness', 'payload', 'skew'],
  },
];

/**
 * `named`: a field's words for title, objective, parameters and the study's own numbers; `label`: x1, x2 … and a word that
 * names the study and says nothing; `anonymous`: x1, x2 … and no metadata.
 */
export const NAMINGS = ['named', 'label', 'anonymous'] as const;
export type Naming = (typeof NAMINGS)[number];

/** The same trials under other names. @param index of the study in the list of `bbobStudies` */
export function renamed(study: BenchStudy, index: number, naming: Naming): BenchStudy {
  const field = FIELDS[index % FUNCTIONS.length]!;
  const shift = Object.values(study.metadata).filter((value): value is number => typeof value === 'number');
  const keys = naming === 'named' ? field.parameters : undefined;
  const again = (trials: readonly MeasuredTrial[]): MeasuredTrial[] =>
    trials.map(({ x, y }) => ({ x: keys ? rekeyed(x, keys) : x, y }));
  return {
    ...study,
    metadata: metadataOf(study, naming, field, shift),
    objective: { name: naming === 'named' ? field.objective : 'y' },
    training: again(study.training),
    validation: again(study.validation),
    test: again(study.test),
  };
}

function metadataOf({ id }: BenchStudy, naming: Naming, field: Field, shift: readonly number[]): JsonObject {
  switch (naming) {
    case 'named':
      return { title: field.title, ...Object.fromEntries(shift.map((value, i) => [field.settings[i]!, value])) };
    case 'label':
      return { study: opaque(id) };
    case 'anonymous':
      return {};
  }
}

const rekeyed = (x: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.values(x).map((value: Json, i) => [keys[i]!, value]));

/** Four letters from a text: FNV-1a in base 26, so that ids that are alike get words that are not. */
function opaque(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return Array.from({ length: 4 }, (_, i) => String.fromCharCode(97 + (Math.floor(hash / 26 ** i) % 26))).join('');
}

/** Errors of known studies, and of the same families' studies that were not trained on. */
export interface NamesErrors {
  known: number[];
  unknown: number[];
}

/** One model a naming, on the same trials; known studies and new ones, four times the test studies of each. */
export async function names(cells: Cells, budget: Budget): Promise<Record<Naming, NamesErrors>> {
  const { studies, steps } = budget.names;
  const judged = 4 * budget.tests;
  const list = corpusOf(budget, studies + judged);
  const result = {} as Record<Naming, NamesErrors>;
  for (const naming of NAMINGS) {
    result[naming] = await cells.get(`names-${naming}`, async () => {
      const corpus = list.map((study, index) => renamed(study, index, naming));
      const config = { ...budget.config, ...plainFeed(steps, budget.config) };
      const data = corpus.slice(0, studies).map((study) => dataOf(study));
      const model = await trained({ folder: cells.out, name: `names-${naming}`, studies: data, config, plain: true });
      return {
        known: await plainErrors(model, corpus.slice(0, judged)),
        unknown: await plainErrors(model, corpus.slice(studies)),
      };
    });
  }
  return result;
}
