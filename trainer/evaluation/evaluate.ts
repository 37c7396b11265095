// An evaluation: the model and its rivals on fixed splits of many studies, resumable. No HTTP, no database; studies in, a report out.
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { studyFrame } from '../../tokenizer/frame.js';
import { openModel } from '../adapter-directory.js';
import { TrainerError } from '../errors.js';
import { rootOf } from '../study-root.js';
import { headOf } from '../study-source.js';
import type { Cell, CellScores } from './answer-cell.js';
import type { PoolRow } from './baselines.js';
import { answerAll, type Task } from './cell-pool.js';
import { resolveEvaluationConfig } from './config.js';
import { type Key, keysOf, nameOf } from './keys.js';
import { RowsFile } from './rows-file.js';
import { drawMeasured, readMeasured } from './splits.js';
import { summarize } from './summary.js';
import { type FoldModel, trainFolds } from './train-folds.js';
import type {
  EvaluatedStudy,
  EvaluationConfig,
  EvaluationHooks,
  EvaluationReport,
  EvaluationRequest,
  EvaluationRow,
} from './types.js';
import { poolStudies, splitAll, type Usable } from './usable.js';
import { withoutText as studyWithoutText } from './without-text.js';

/** Trials of other studies that pooled boosting learns from, evenly from all of them. */
const POOL_ROWS = 4000;

/**
 * @throws TrainerError `evaluation` where a setting is out of range, no study can be used or nothing of them predicted,
 * `model_files`, `model_config`; AbortError
 */
export async function evaluate(request: EvaluationRequest, hooks: EvaluationHooks = {}): Promise<EvaluationReport> {
  const config = resolveEvaluationConfig(request.config);
  await mkdir(request.workDir, { recursive: true });
  const { usable, skipped } = await splitAll(await studiesOf(request, config, hooks), config);
  if (usable.length === 0) {
    const [first] = skipped;
    throw new TrainerError('evaluation', `No study can be evaluated on: ${first?.study}: ${first?.reason}`);
  }
  const { keys, unpredicted } = keysOf(usable, config);
  const seen = await seenOf(request, keys, hooks);
  const models = await trainFolds(request, usable, foldsOf(keys), config, hooks);
  hooks.onEvent?.({ type: 'phase', phase: 'validate', message: 'Predicting trials that were held back' });
  const file = new RowsFile<CellScores>(join(request.workDir, 'rows.jsonl'));
  await answerMissing(keys, file, { request, config, usable, models, hooks });
  const rows = keys.flatMap((key) => rowsOf(key, file.get(nameOf(key))!));
  return {
    config,
    trainings: models.map(({ fold, studies, outcome, reason }) => ({ fold, studies: studies.length, outcome, reason })),
    skipped: [...skipped, ...unpredicted],
    seen,
    summary: summarize(rows, config),
    rows,
  };
}

async function studiesOf(
  { studies }: EvaluationRequest,
  { withoutText }: EvaluationConfig,
  { onEvent }: EvaluationHooks,
): Promise<readonly EvaluatedStudy[]> {
  if (!withoutText) return studies;
  const names = new Set<string>();
  const plain: EvaluatedStudy[] = [];
  for (const study of studies) {
    const { source, dropped } = await studyWithoutText(study.source);
    for (const name of dropped) names.add(name);
    plain.push({ ...study, source });
  }
  const what = names.size === 0 ? 'no study has any' : [...names].sort().join(', ');
  onEvent?.({ type: 'log', level: 'info', message: `Free text was taken out: ${what}` });
  return plain;
}

/**
 * Ids of the studies that are predicted and that the model has learned from, through whichever objective: it is not out of
 * distribution there. As far as its history knows.
 */
async function seenOf(
  { modelDir }: EvaluationRequest,
  keys: readonly Key[],
  { onEvent }: EvaluationHooks,
): Promise<string[]> {
  const { history } = await openModel(modelDir);
  const known = new Set(history.map(rootOf));
  const predicted = new Set(keys.map(({ study }) => study));
  const seen = [...predicted].filter(({ source }) => known.has(rootOf(source))).map(({ source }) => source.id);
  if (seen.length > 0) {
    const message = `The model has learned from ${seen.length} of these studies (${seen[0]}, …): what it says of them is not out of distribution`;
    onEvent?.({ type: 'log', level: 'warn', message });
  }
  return seen;
}

/** The groups for which a model is trained. */
function foldsOf(keys: readonly Key[]): number[] {
  const inside = keys.filter(({ protocol }) => protocol === 'in_distribution');
  return [...new Set(inside.map(({ study }) => study.fold!))];
}

interface Context {
  request: EvaluationRequest;
  config: EvaluationConfig;
  usable: readonly Usable[];
  models: readonly FoldModel[];
  hooks: EvaluationHooks;
}

async function answerMissing(keys: readonly Key[], file: RowsFile<CellScores>, context: Context): Promise<void> {
  const { config, hooks } = context;
  const missing = keys.filter((key) => !file.has(nameOf(key)));
  const makeCell = cellMaker(context);
  const tasks = missing.map((key): Task<Key> => ({ key, cell: () => makeCell(key) }));
  const work = missing.reduce((sum, key) => sum + workOf(key), 0);
  const begun = performance.now();
  let worked = 0;
  let done = keys.length - missing.length;
  const processes = Math.min(config.processes || availableParallelism(), tasks.length);
  const onScores = (key: Key, scores: CellScores) => {
    file.add(nameOf(key), scores);
    worked += workOf(key);
    done++;
    const seconds = (performance.now() - begun) / 1000;
    const etaSeconds = (seconds / worked) * (work - worked);
    hooks.onEvent?.({ type: 'progress', done, total: keys.length, etaSeconds });
  };
  await answerAll(tasks, processes, onScores, hooks.signal);
}

/** About how long a cell takes, in cells without local trials: fitting experts and calibrating on local trials is most of it. */
const workOf = ({ trials, protocol }: Key): number => 1 + trials / 25 + (protocol === 'in_distribution' ? 5 : 0);

function cellMaker({ request, config, usable, models }: Context): (key: Key) => Promise<Cell> {
  const pools = new Map<string, Promise<PoolRow[]>>();
  return async ({ protocol, study, trials }) => {
    const { source, split, family, fold } = study;
    const isKnown = protocol === 'in_distribution';
    const name = `${fold} ${family}`;
    if (isKnown && !pools.has(name)) pools.set(name, readPool(poolStudies(usable, study), config.seed));
    return {
      modelDir: isKnown ? models.find((model) => model.fold === fold)!.modelDir : request.modelDir,
      head: headOf(source),
      range: split.range,
      local: await readMeasured(source, split.local.slice(0, trials)),
      test: await readMeasured(source, split.test),
      pool: isKnown ? await pools.get(name)! : [],
    };
  };
}

async function readPool(studies: readonly Usable[], seed: number): Promise<PoolRow[]> {
  const share = Math.ceil(POOL_ROWS / studies.length);
  const pools = await Promise.all(
    studies.map(async ({ source }) => {
      const outcomes = await source.outcomes();
      const frame = studyFrame(outcomes.filter((y) => !Number.isNaN(y)));
      const trials = await drawMeasured(source, share, seed);
      return trials.map(({ x, y }) => ({ x, y, u: frame.toUnit(y), task: source.id }));
    }),
  );
  return pools.flat();
}

function rowsOf({ protocol, study, trials }: Key, scores: CellScores): EvaluationRow[] {
  return scores.map(({ method, metrics }) => ({
    protocol,
    family: study.family,
    study: study.source.id,
    trials,
    method,
    ...metrics,
  }));
}
