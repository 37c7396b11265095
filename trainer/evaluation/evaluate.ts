// An evaluation: the model and its rivals on fixed splits of many studies, resumable. No HTTP, no database; studies in, a report out.
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { studyFrame } from '../../tokenizer/frame.js';
import { openModel } from '../adapter-directory.js';
import { TrainerError } from '../errors.js';
import { headOf } from '../study-source.js';
import { thin } from '../thin.js';
import type { Cell, CellScores } from './answer-cell.js';
import type { PoolRow } from './baselines.js';
import { answerAll, type Task } from './cell-pool.js';
import { resolveEvaluationConfig } from './config.js';
import { RowsFile } from './rows-file.js';
import { drawMeasured, readMeasured, type Split, splitStudy } from './splits.js';
import { summarize } from './summary.js';
import { type FoldModel, trainFolds } from './train-folds.js';
import type {
  EvaluatedStudy,
  EvaluationConfig,
  EvaluationHooks,
  EvaluationReport,
  EvaluationRequest,
  EvaluationRow,
  Protocol,
} from './types.js';
import { withoutText as studyWithoutText } from './without-text.js';

/** Trials of other studies that pooled boosting learns from, evenly from all of them. */
const POOL_ROWS = 4000;

interface Usable extends EvaluatedStudy {
  split: Split;
  /** Number of its group within the family; null where it is only learned from. */
  fold: number | null;
}

/** What a row is about. */
interface Key {
  protocol: Protocol;
  study: Usable;
  trials: number;
}

/**
 * @throws TrainerError `evaluation` where a setting is out of range or no study can be used, `model_files`, `model_config`;
 * AbortError
 */
export async function evaluate(request: EvaluationRequest, hooks: EvaluationHooks = {}): Promise<EvaluationReport> {
  const config = resolveEvaluationConfig(request.config);
  await mkdir(request.workDir, { recursive: true });
  const { usable, skipped } = await splitAll(await studiesOf(request, config, hooks), config);
  if (usable.length === 0) {
    const [first] = skipped;
    throw new TrainerError('evaluation', `No study can be evaluated on: ${first?.study}: ${first?.reason}`);
  }
  await warnOfSeen(request, usable, hooks);
  const models = config.protocols.includes('in_distribution') ? await trainFolds(request, usable, config, hooks) : [];
  hooks.onEvent?.({ type: 'phase', phase: 'validate', message: 'Predicting trials that were held back' });
  const keys = keysOf(usable, config, models);
  const file = new RowsFile<CellScores>(join(request.workDir, 'rows.jsonl'));
  await answerMissing(keys, file, { request, config, usable, models, hooks });
  const rows = keys.flatMap((key) => rowsOf(key, file.get(nameOf(key))!));
  return {
    config,
    trainings: models.map(({ fold, studies, outcome, reason }) => ({ fold, studies: studies.length, outcome, reason })),
    skipped,
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

async function splitAll(studies: readonly EvaluatedStudy[], config: EvaluationConfig) {
  const families = new Map<string, Usable[]>();
  const skipped: EvaluationReport['skipped'] = [];
  for (const study of studies) {
    const split = splitStudy(await study.source.outcomes(), config);
    if ('reason' in split) {
      skipped.push({ study: study.source.id, reason: split.reason });
      continue;
    }
    families.set(study.family, [...(families.get(study.family) ?? []), { ...study, split, fold: null }]);
  }
  for (const family of families.values()) {
    const asked = thin(family, config.askedStudies || family.length);
    for (const [place, study] of asked.entries()) study.fold = place % config.folds;
  }
  return { usable: [...families.values()].flat(), skipped };
}

/** A model that learned from a study is not out of distribution there. */
async function warnOfSeen({ modelDir }: EvaluationRequest, usable: readonly Usable[], { onEvent }: EvaluationHooks) {
  const { history } = await openModel(modelDir);
  const known = new Set(history.map(({ id }) => id));
  const seen = usable.filter(({ source }) => known.has(source.id)).map(({ source }) => source.id);
  if (seen.length === 0) return;
  const message = `The model has learned from ${seen.length} of these studies (${seen[0]}, …): what it says of them is not out of distribution`;
  onEvent?.({ type: 'log', level: 'warn', message });
}

/** In the order in which they are answered: a study's together, as they share its trials. */
function keysOf(usable: readonly Usable[], config: EvaluationConfig, models: readonly FoldModel[]): Key[] {
  return config.protocols.flatMap((protocol) =>
    // Fold by fold, so that each process opens each model once.
    (protocol === 'in_distribution' ? models.map(({ fold }) => fold) : [undefined]).flatMap((fold) =>
      usable
        .filter((study) => study.fold !== null)
        .filter((study) => fold === undefined || (study.fold === fold && poolStudies(usable, study).length > 0))
        .flatMap((study) =>
          config.localTrials
            .filter((trials) => trials <= study.split.local.length)
            .map((trials): Key => ({ protocol, study, trials })),
        ),
    ),
  );
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

/** The family's studies outside of the study's fold: what the model of the fold was trained on. */
const poolStudies = (usable: readonly Usable[], { family, fold }: Usable): Usable[] =>
  usable.filter((other) => other.family === family && other.fold !== fold);

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

const nameOf = ({ protocol, study, trials }: Key): string => `${protocol} ${trials} ${study.source.id}`;

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
