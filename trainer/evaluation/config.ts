// The settings of an evaluation, checked together.
import { TrainerError } from '../errors.js';
import { nearestName } from '../nearest.js';
import { EVALUATION_DEFAULTS, type EvaluationConfig, PROTOCOLS } from './types.js';

/** Largest number of local trials: what predictions fit their experts on. */
const MOST_LOCAL = 1000;

/** @throws TrainerError `evaluation` that names the setting, what it may be, and the nearest known one where it is unknown */
export function resolveEvaluationConfig(config: Partial<EvaluationConfig> = {}): EvaluationConfig {
  for (const key of Object.keys(config)) {
    if (Object.hasOwn(EVALUATION_DEFAULTS, key)) continue;
    const nearest = nearestName(key, Object.keys(EVALUATION_DEFAULTS));
    fail(key, `is no setting of an evaluation${nearest ? `; did you mean "${nearest}"?` : ''}`);
  }
  const resolved = { ...EVALUATION_DEFAULTS, ...config };
  const known: readonly string[] = PROTOCOLS;
  if (resolved.protocols.length === 0 || !resolved.protocols.every((name) => known.includes(name)))
    fail('protocols', `must be some of ${PROTOCOLS.join(', ')}`);
  if (resolved.localTrials.length === 0) fail('localTrials', 'must hold a number of trials');
  for (const size of resolved.localTrials) whole('localTrials', size, 0, MOST_LOCAL);
  whole('testTrials', resolved.testTrials, 5, 10_000);
  whole('askedStudies', resolved.askedStudies, 0, 10_000);
  whole('folds', resolved.folds, 2, 100);
  if (typeof resolved.withoutText !== 'boolean') fail('withoutText', 'must be true or false');
  whole('seed', resolved.seed, 0, 2 ** 31 - 1);
  whole('resamples', resolved.resamples, 100, 100_000);
  whole('processes', resolved.processes, 0, 1024);
  const localTrials = [...new Set(resolved.localTrials)].sort((a, b) => a - b);
  return { ...resolved, localTrials, protocols: PROTOCOLS.filter((name) => resolved.protocols.includes(name)) };
}

function whole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    fail(name, `is ${value}; give a whole number from ${least} to ${most}`);
}

function fail(name: string, what: string): never {
  throw new TrainerError('evaluation', `Evaluation: ${name} ${what}`);
}
