// Whether near in the model's eyes means near in y: the y of the trials nearest to held-out ones, in the space that explanations
// use, in all of the embedding, among the raw parameters, and at random.
// Usage: npx tsx test/bench/embedding.ts --model <directory of a model> [--trials 20,100] [--asked 60]
import { parseArgs } from 'node:util';
import { studyFrame } from '../../tokenizer/frame.js';
import { openModel } from '../../trainer/adapter-directory.js';
import { Featurizer } from '../../trainer/experts/features/featurizer.js';
import { distanceBetween, EmbeddingSpace, type Known } from '../../trainer/explanation/embedding-space.js';
import { Inference } from '../../trainer/model/inference.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import { Random } from '../../trainer/random.js';
import type { StudyData } from '../../trainer/types.js';
import { compressionStudies, HOLDOUT } from './demo-data.js';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    trials: { type: 'string', default: '20,100' },
    asked: { type: 'string', default: '60' },
  },
});
if (!options.model) throw new Error('--model: name the directory of a published model, such as one of `npm run demo`');
const NEAREST = [1, 5];
const DRAWS = 5;

const model = await openModel(options.model);
const predictor = new Predictor(model, new Inference(model, 1));
const studies = await compressionStudies((name) => name === HOLDOUT);
console.log(`| trials | space | ${NEAREST.map((k) => `nearest ${k}`).join(' | ')} |\n| --- | --- | --- | --- |`);
for (const trials of options.trials.split(',').map(Number)) {
  const errors = new Map<string, number[]>();
  for (const study of studies) for (let seed = 0; seed < DRAWS; seed++) await measure(study, trials, seed, errors);
  for (const [space, sums] of errors) {
    console.log(
      `| ${trials} | ${space} | ${sums.map((sum) => (sum / DRAWS / studies.length).toFixed(4)).join(' | ')} |`,
    );
  }
}
await predictor.release();

/** Mean of |y of a near trial − y| over the range of the study's y without its outer tenth, at most 1. */
async function measure(study: StudyData, count: number, seed: number, errors: Map<string, number[]>): Promise<void> {
  const drawn = new Random(seed).shuffle([...study.trials]).slice(0, count + Number(options.asked));
  const y = drawn.map((trial) => trial.y!);
  const sorted = study.trials.map((trial) => trial.y!).sort((a, b) => a - b);
  const range = sorted[Math.floor(0.95 * sorted.length)]! - sorted[Math.floor(0.05 * sorted.length)]!;
  const frame = studyFrame(Float64Array.from(y.slice(0, count)).sort());
  const embeddings = await predictor.embeddings(
    study,
    drawn.map(({ x }) => x),
  );
  const elsewhere = predictor.elsewhere(study);
  const others = await predictor.embeddings(
    study,
    elsewhere.map(({ x }) => x),
  );
  const inside = (u: number) => Math.min(10, Math.max(0, u));
  const own = embeddings.slice(0, count).map((embedding, i): Known => ({ embedding, u: inside(frame.toUnit(y[i]!)) }));
  const known = others.map((embedding, i): Known => ({ embedding, u: inside(elsewhere[i]!.u) }));
  const spaces = {
    'directions that go with y, here and elsewhere': EmbeddingSpace.fit(own, known),
    'directions that go with y, here': EmbeddingSpace.fit(own, []),
    'all of the embedding': EmbeddingSpace.fit(
      own.map(({ embedding }) => ({ embedding, u: null })),
      [],
    ),
  };
  const features = Featurizer.fit(drawn.slice(0, count).map(({ x }) => x)).transform(drawn.map(({ x }) => x)).metric;
  const raw = drawn.map((_, i) => features.values.slice(i * features.columns, (i + 1) * features.columns));
  const random = new Random(seed);
  const distances: Record<string, (q: number, c: number) => number> = {
    ...Object.fromEntries(
      Object.entries(spaces).map(([name, space]) => {
        const places = embeddings.map((embedding) => space.place(embedding));
        return [name, (q: number, c: number) => distanceBetween(places[q]!, places[c]!)];
      }),
    ),
    'raw parameters': (q, c) => distanceBetween(raw[q]!, raw[c]!),
    'at random': () => random.uniform(),
  };
  for (const [name, distance] of Object.entries(distances)) {
    const sums = errors.get(name) ?? NEAREST.map(() => 0);
    for (let q = count; q < drawn.length; q++) {
      const order = Array.from({ length: count }, (_, c) => ({ c, at: distance(q, c) })).sort((a, b) => a.at - b.at);
      NEAREST.forEach((k, i) => {
        for (const { c } of order.slice(0, k))
          sums[i]! += Math.min(1, Math.abs(y[c]! - y[q]!) / range) / k / (drawn.length - count);
      });
    }
    errors.set(name, sums);
  }
}
