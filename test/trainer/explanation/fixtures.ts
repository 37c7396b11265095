// A study of compression-like trials whose y is a known function, and a model that knows it.
import { Distribution } from '../../../trainer/distribution.js';
import type { ExplainedModel } from '../../../trainer/explanation/explainer.js';
import { Random } from '../../../trainer/random.js';
import type { Json, JsonObject, StudyData } from '../../../trainer/types.js';

/** gzip has a level and windows up to 15, brotli a quality and windows up to 24. */
export function drawX(random: Random): JsonObject {
  const chunk = 2 ** (10 + random.integer(7));
  return random.uniform() < 0.6
    ? { algorithm: 'gzip', level: random.integer(10), window: 9 + random.integer(7), chunk }
    : { algorithm: 'brotli', quality: random.integer(12), window: 10 + random.integer(15), chunk };
}

/** What it costs: falls with level and quality, less so with the window; brotli is better by 30; chunks do nothing. */
export function costOf(x: JsonObject): number {
  const number = (value: Json | undefined) => (typeof value === 'number' ? value : 0);
  const base = x.algorithm === 'brotli' ? 70 : 100;
  return base - 4 * number(x.level) - 3 * number(x.quality) - 0.5 * number(x.window);
}

export function study(trials: number, seed = 1): StudyData {
  const random = new Random(seed);
  return {
    id: `study-${seed}`,
    metadata: { title: 'compression' },
    objective: { name: 'cost', goal: 'minimize' },
    trials: Array.from({ length: trials }, () => {
      const x = drawX(random);
      return { x, y: costOf(x) };
    }),
  };
}

/** Says what is so, and sees an x as its cost and, ten times fainter, its chunk. */
export class KnowingModel implements ExplainedModel {
  asked = 0;
  embedded = 0;
  others: { x: JsonObject; u: number }[] = [];

  async distributionsOf(_: StudyData, xs: readonly JsonObject[]) {
    this.asked += xs.length;
    return xs.map((x) => new Distribution([{ lo: costOf(x) - 1, hi: costOf(x) + 1, mass: 1, whole: true }], 0.01));
  }

  async embeddings(_: StudyData, xs: readonly JsonObject[]) {
    this.embedded += xs.length;
    return xs.map((x) => Float32Array.of(costOf(x), Math.log2(x.chunk as number) / 10, 7));
  }

  guesses(_: StudyData, xs: readonly JsonObject[]) {
    return xs.map(costOf);
  }

  elsewhere() {
    return this.others;
  }
}
