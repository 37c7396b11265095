// Several objectives of one experiment: what is known of it when some of them have been measured. See docs/objectives.md.
import { TrainerError } from './errors.js';
import type { Measured, StudyData, Trial } from './types.js';

/**
 * The trials as they look where the objectives in `names` are known: those that have them. An experiment fails for all of
 * its objectives or for none, so that failed ones are left out. Without names all trials, and nothing known of them but x.
 */
export function reveal(trials: readonly Trial[], names: readonly string[]): Trial[] {
  if (names.length === 0) return trials.map(({ x, y }) => ({ x, y }));
  return trials.flatMap(({ x, y, measured }) => (measured ? [{ x, y, given: pick(measured, names) }] : []));
}

/**
 * A study for questions about experiments whose other objectives in `names` have been measured: its trials know them too.
 * @throws TrainerError `given` for a name that is not among `study.others`
 */
export function conditionOn(study: StudyData, names: readonly string[]): StudyData {
  if (names.length === 0) return study;
  const { objective, others = [] } = study;
  const unknown = names.find((name) => !others.includes(name));
  if (unknown !== undefined) {
    const known = others.length > 0 ? `known are ${others.join(', ')}` : 'the study has no other objective';
    throw new TrainerError(
      'given',
      `given: ${JSON.stringify(unknown)} cannot be given for ${objective.name}; ${known}`,
    );
  }
  // In the study's order, so that one set of names is one study, however it was spelled.
  const given = others.filter((name) => names.includes(name));
  return { ...study, given, trials: reveal(study.trials, given) };
}

function pick(measured: Measured, names: readonly string[]): Measured {
  return Object.fromEntries(names.map((name) => [name, measured[name]!]));
}
