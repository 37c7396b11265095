// What each part of the base model is worth: variants of it, pretrained with the same budget, on studies held back and families held out.
// Usage: npm run bench:ablation -- --families DIR --out DIR [--steps N] [--only a,b] [--held-out a,b] [--tasks 2] [--trials 10,50]
//   [--write]. Every variant that is done is a JSON in --out, and a variant under way goes on where it was stopped: run it again.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openModel } from '../../trainer/adapter-directory.js';
import { evaluate } from '../../trainer/evaluation/evaluate.js';
import { pretrain } from '../../trainer/pretraining/pretrain.js';
import { memoryStudy } from '../../trainer/study-source.js';
import type { Json } from '../../trainer/types.js';
import { drawAblation, reportAblation, type VariantResult } from './ablation-report.js';
import { chosenVariants, VARIANTS, type Variant } from './ablation-variants.js';
import { loadTasks } from './real-tasks.js';
import { replaced } from './sections.js';

/** Families that no variant is trained on; of those that the base model is judged on in docs, at least twelve are left alone. */
const HELD_OUT = 'envs_sac,workloads_dconvert,llmsys_hpo,tvm_tophub,chem_text,timm_throughput';
/** Trials of each task that are predicted. */
const TEST_TRIALS = 50;

const { values: options } = parseArgs({
  options: {
    families: { type: 'string' },
    out: { type: 'string' },
    steps: { type: 'string', default: '600' },
    only: { type: 'string' },
    'held-out': { type: 'string', default: HELD_OUT },
    tasks: { type: 'string', default: '2' },
    trials: { type: 'string', default: '10,50' },
    /** Settings of all variants alike, as JSON: for tests and for other budgets. */
    set: { type: 'string', default: '{}' },
    write: { type: 'boolean', default: false },
  },
});

if (options.families === undefined || options.out === undefined)
  console.log('Skipped: give --families DIR, a folder as docs/pretraining.md has it, and --out DIR.');
else await main(options.families, options.out);

async function main(families: string, out: string): Promise<void> {
  // Results of another budget, or of other tasks, are not comparable: they lie elsewhere.
  const { steps, tasks, trials, set } = options;
  const budget = `${steps} steps, ${options['held-out']}, ${tasks} tasks, ${trials} trials, ${set}`;
  mkdirSync(out, { recursive: true });
  const record = join(out, 'budget.txt');
  if (existsSync(record) && readFileSync(record, 'utf8') !== budget)
    throw new Error(
      `${out} holds an ablation of "${readFileSync(record, 'utf8')}", not of "${budget}": name another --out`,
    );
  writeFileSync(record, budget);
  for (const variant of chosenVariants(options.only)) {
    const file = join(out, `${fileName(variant)}.json`);
    if (existsSync(file)) continue;
    const result = await measure(variant, families, join(out, `${fileName(variant)}.work`));
    writeFileSync(`${file}.part`, `${JSON.stringify(result)}\n`);
    renameSync(`${file}.part`, file);
    rmSync(join(out, `${fileName(variant)}.work`), { recursive: true });
    console.log(`${variant.name}: ${result.seconds.toFixed(0)} s`);
  }
  const results = readResults(out);
  const report = reportAblation(results);
  console.log(report);
  if (!options.write) return;
  writeFileSync('docs/images/ablation.svg', await drawAblation(results));
  const page = readFileSync('docs/ablation.md', 'utf8');
  writeFileSync('docs/ablation.md', replaced(page, 'bench:ablation', report));
}

function fileName({ name }: Variant): string {
  return name.replace(/[^a-z0-9.]+/gi, '-');
}

/** In the order of the variants, whatever was done first. */
function readResults(out: string): VariantResult[] {
  const done = new Set(readdirSync(out));
  return VARIANTS.filter((variant) => done.has(`${fileName(variant)}.json`)).map(
    (variant) => JSON.parse(readFileSync(join(out, `${fileName(variant)}.json`), 'utf8')) as VariantResult,
  );
}

async function measure(variant: Variant, families: string, work: string): Promise<VariantResult> {
  const begin = performance.now();
  const steps = Number(options.steps);
  const settings: Record<string, Json> = {
    // An eighth of the steps to warm up, as a short training would else never reach its rate; one look, at the end.
    ...{ steps, warmup_steps: Math.ceil(steps / 8), validate_every: 1e7, device: 'cpu' },
    ...(JSON.parse(options.set) as Record<string, Json>),
    ...variant.settings,
  };
  const { modelDir, groups, steps: taken } = await pretrain({ families, outDir: join(work, 'pretraining'), settings });
  const { weights } = await openModel(modelDir);
  const studies = options['held-out'].split(',').flatMap((family) =>
    loadTasks(families, family, Number(options.tasks), TEST_TRIALS * 3).map(({ study }) => ({
      family,
      source: memoryStudy(study),
    })),
  );
  const { rows, skipped } = await evaluate({
    studies,
    modelDir,
    workDir: join(work, 'evaluation'),
    config: { localTrials: options.trials.split(',').map(Number), testTrials: TEST_TRIALS },
  });
  for (const { study, reason } of skipped) console.log(`${study} is left out: ${reason}`);
  return {
    ...variant,
    steps: taken,
    parameters: [...weights.values()].reduce((sum, { length }) => sum + length, 0),
    seconds: (performance.now() - begin) / 1000,
    groups,
    rows,
  };
}
