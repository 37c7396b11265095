// OmniPred's own experiments (arXiv 2402.14547) at our scale: multi-task against single-task, names, fine-tuning, digit order, estimates.
// Usage: npm run bench:omnipred -- --out DIR [--only multi-task,names,fine-tuning,digits,estimate] [--budget small|full] [--write]
// Every cell's result is a file of DIR/<budget>/cells, models and trainings under way lie beside them: the same command goes on after a
// kill. --write: tables and pictures of what is there into docs/.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BUDGETS } from './omnipred-budgets.js';
import { Cells } from './omnipred-cells.js';
import { digits } from './omnipred-digits.js';
import { estimate } from './omnipred-estimate.js';
import { fineTuning } from './omnipred-fine-tuning.js';
import { multiTask, plainModelOf } from './omnipred-multi-task.js';
import { names } from './omnipred-names.js';
import { type Findings, tables, write } from './omnipred-report.js';

const EXPERIMENTS = ['multi-task', 'fine-tuning', 'names', 'digits', 'estimate'] as const;
type Experiment = (typeof EXPERIMENTS)[number];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      only: { type: 'string', default: EXPERIMENTS.join(',') },
      budget: { type: 'string', default: 'small' },
      write: { type: 'boolean', default: false },
    },
  });
  if (!values.out) throw new Error('--out: name a folder that keeps results and models');
  const only = values.only.split(',');
  const unknown = only.find((name) => !EXPERIMENTS.includes(name as Experiment));
  if (unknown) throw new Error(`--only: ${unknown} is none of ${EXPERIMENTS.join(', ')}`);
  const name = values.budget;
  if (name !== 'small' && name !== 'full') throw new Error(`--budget: ${name} is neither small nor full`);
  if (values.write && name === 'small')
    throw new Error('--write: figures of the small budget mean nothing; give --budget full');
  const budget = BUDGETS[name];
  const out = resolve(values.out, name);
  mkdirSync(join(out, 'work'), { recursive: true });
  const cells = new Cells(out);
  const findings: Findings = { budget };
  const wanted = (experiment: Experiment) => only.includes(experiment);
  if (wanted('multi-task')) findings.multiTask = await multiTask(cells, budget);
  if (wanted('fine-tuning')) {
    const largest = budget.studies.at(-1)!;
    findings.fineTuning = await fineTuning(cells, budget, await plainModelOf(cells, budget, largest), largest);
  }
  if (wanted('names')) findings.names = await names(cells, budget);
  if (wanted('digits')) findings.digits = await digits(cells, budget);
  if (wanted('estimate')) findings.estimate = await estimate(cells, budget);
  for (const text of Object.values(tables(findings))) console.log(`\n${text}`);
  if (values.write) await write(findings);
}

await main();
