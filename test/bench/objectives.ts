// What a measured objective says of the other one: the compression studies, trained with and without given values.
// Usage: npx tsx test/bench/objectives.ts [--given 0.2] [--steps 600] [--threads 2] [--seed 1] [--model <an already trained one>]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Frame, studyFrame } from '../../tokenizer/frame.js';
import type { Distribution } from '../../trainer/distribution.js';
import { conditionOn } from '../../trainer/given.js';
import { Predictor } from '../../trainer/prediction/predictor.js';
import { Random } from '../../trainer/random.js';
import { train } from '../../trainer/train.js';
import type { StudyData, Trial } from '../../trainer/types.js';
import { compressionStudies } from './demo-data.js';

const { values: options } = parseArgs({
  options: {
    given: { type: 'string', default: '0.2' },
    steps: { type: 'string', default: '600' },
    threads: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    model: { type: 'string' },
  },
});
const HELD_OUT = ['json-logs', 'prose', 'sensor-floats'];
const CONTEXTS = [16, 64];
const QUERIES = 100;
const threads = Number(options.threads);

const folder = await mkdtemp(join(tmpdir(), 'omnireg-bench-objectives-'));
let modelDir = options.model;
if (!modelDir) {
  const config = {
    device: 'cpu',
    given: Number(options.given),
    steps: Number(options.steps),
    seed: Number(options.seed),
    threads,
  };
  modelDir = join(folder, 'model');
  const studies = await compressionStudies((name) => !HELD_OUT.includes(name));
  const { metrics } = await train({ studies, outDir: modelDir, workDir: join(folder, 'work'), config });
  console.log(JSON.stringify({ ...config, ...metrics }));
}
const predictor = await Predictor.load(modelDir, threads);

/** Mean of |median − y|, of CRPS, and of −log density, all of y in the frame of the whole study; the last in nats. */
interface Scores {
  error: number;
  crps: number;
  surprise: number;
}

function scores(distributions: readonly Distribution[], asked: readonly Trial[], frame: Frame): Scores {
  const sum = { error: 0, crps: 0, surprise: 0 };
  distributions.forEach((distribution, i) => {
    const y = asked[i]!.y!;
    const inFrame = distribution.map((value) => frame.toUnit(value));
    const u = frame.toUnit(y);
    sum.error += Math.abs(inFrame.median - u) / asked.length;
    sum.crps += inFrame.crps(u) / asked.length;
    sum.surprise -= inFrame.logDensity(u) / asked.length;
  });
  return sum;
}

console.log('| objective | given | trials | error | CRPS | surprise, nats |\n| --- | --- | --- | --- | --- | --- |');
const views = await compressionStudies((name) => HELD_OUT.includes(name));
for (const objective of ['compressed_bytes', 'cpu_ms']) {
  for (const size of CONTEXTS) {
    const rows = new Map<string, Scores[]>();
    for (const view of views.filter((study) => study.objective.name === objective)) {
      const trials = new Random(1).shuffle([...view.trials]);
      const { center, scale } = studyFrame(trials.map(({ y }) => y!));
      const study: StudyData = { ...view, trials: trials.slice(0, size) };
      const asked = trials.slice(size, size + QUERIES);
      for (const names of [[], view.others!]) {
        const xs = asked.map(({ x }) => x);
        const given = asked.map(({ measured }) => Object.fromEntries(names.map((name) => [name, measured![name]!])));
        const distributions = names.length
          ? await predictor.distributionsOf(conditionOn(study, names), xs, undefined, given)
          : await predictor.distributionsOf(study, xs);
        const key = names.join() || 'nothing';
        rows.set(key, [...(rows.get(key) ?? []), scores(distributions, asked, new Frame(center, scale))]);
      }
    }
    for (const [given, all] of rows) {
      const mean = (key: keyof Scores) => (all.reduce((sum, one) => sum + one[key], 0) / all.length).toFixed(3);
      console.log(`| ${objective} | ${given} | ${size} | ${mean('error')} | ${mean('crps')} | ${mean('surprise')} |`);
    }
  }
}
await predictor.release();
await rm(folder, { recursive: true });
