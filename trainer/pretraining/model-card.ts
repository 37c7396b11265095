// The README of a base model: what it was trained on and how, under which licences, and what was measured. All of it from the run.
import type { Weights } from '../model/parameters.js';
import type { TrainConfig } from '../train-config.js';
import type { Corpus } from './corpus.js';
import { HELD_OUT_FAMILIES, HELD_OUT_TASKS } from './families.js';
import type { GroupScore } from './grouped-validation.js';
import type { PretrainingSettings } from './settings.js';

export interface ModelCardFacts {
  weights: Weights;
  config: TrainConfig;
  settings: PretrainingSettings;
  steps: number;
  trunkSteps: number;
  corpus: Pick<Corpus, 'families'>;
  groups: readonly GroupScore[];
}

export function modelCardText({
  weights,
  config,
  settings,
  steps,
  trunkSteps,
  corpus,
  groups,
}: ModelCardFacts): string {
  const parameters = [...weights.values()].reduce((sum, { length }) => sum + length, 0);
  const { families } = corpus;
  const real = families.length > 0 ? settings.real_share : 0;
  const count = (n: number) => n.toLocaleString('en');
  const percent = (share: number) => `${Math.round(100 * share)}%`;
  return `# The base model

A T5 v1.1 of ${count(parameters)} parameters that reads a trial, its study and what the study's own trials say about it, and writes y
digit by digit. Made by \`npm run pretrain\`; see docs/pretraining.md.

## How it was trained

${count(steps)} steps of ${config.batch_size} examples with ${config.optimizer}, ${count(trunkSteps)} of them at a constant rate of ${config.learning_rate} and the others
with a falling one; seed ${config.seed}. Width ${config.d_model}, ${config.num_layers} encoder and ${config.num_decoder_layers} decoder layers, ${config.num_heads} heads, feed-forward ${config.d_ff}.
Contexts of 0 to ${config.max_context} trials. Each example was shown ${settings.reuse === 1 ? 'once' : `${settings.reuse} times, with other evidence left out each time`}.

## What it was trained on

${percent(1 - real)} of the episodes are on made-up studies (trainer/pretraining/synthetic), ${percent(real)} on measured ones${
    families.length > 0
      ? `, ${percent(settings.disguised)} of these without
names and with y bent`
      : ''
  }.
${families.length > 0 ? familyTable(families) : ''}
No trial of these is part of the model's files. Never seen, whatever their licence: ${Object.keys(HELD_OUT_FAMILIES).join(', ')},
${Object.keys(HELD_OUT_TASKS).length} tasks of config_systems, and every family that its index marks for evaluation only
(trainer/pretraining/families.ts, with the reasons).

## What was measured

On studies held back, in units of u of the study's frame; *experts* is the centre of the answer's frame: the weighted mean of the
local experts and, with relatives, of what these say.

| group | questions | CRPS | error | experts' error |
| --- | ---: | ---: | ---: | ---: |
${groups.map(groupRow).join('\n')}

These are studies of families that it knows, or made up like those it was trained on. How it does on families that it never saw is for
\`omnireg evaluate\` to say.
`;
}

function familyTable(families: ModelCardFacts['corpus']['families']): string {
  const rows = families.map(({ name, license, studies }) => {
    const trials = studies.reduce((sum, study) => sum + study.trials, 0);
    return `| ${name} | ${studies.length} | ${trials.toLocaleString('en')} | ${license.replaceAll('|', '/')} |`;
  });
  return `\n| family | tasks | trials | licence |\n| --- | ---: | ---: | --- |\n${rows.join('\n')}\n`;
}

function groupRow({ group, questions, crps, error, expertsError }: GroupScore): string {
  const shown = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(3));
  return `| ${group} | ${questions} | ${shown(crps)} | ${shown(error)} | ${shown(expertsError)} |`;
}
