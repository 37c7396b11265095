// What an evaluation predicts: every study that is asked about, at every number of local trials that it can spare, and why not others.
import { TrainerError } from '../errors.js';
import type { EvaluationConfig, Protocol, Skipped } from './types.js';
import { poolStudies, type Usable } from './usable.js';

/** What a row is about. */
export interface Key {
  protocol: Protocol;
  study: Usable;
  trials: number;
}

export interface Keys {
  /** In the order in which they are answered: a study's together, as they share its trials. */
  keys: Key[];
  /** Studies that are asked about and cannot be predicted, in one protocol or in any. */
  unpredicted: Skipped[];
}

/**
 * Told before anything is trained.
 * @param usable at least one @throws TrainerError `evaluation` where nothing could be predicted
 */
export function keysOf(usable: readonly Usable[], config: EvaluationConfig): Keys {
  const asked = usable.filter((study) => study.asked);
  const alone = new Set(
    config.protocols.includes('in_distribution')
      ? asked.filter((study) => poolStudies(usable, study).length === 0)
      : [],
  );
  const keys = config.protocols.flatMap((protocol) => {
    // Group by group, so that each process opens each model once.
    const studies =
      protocol === 'in_distribution'
        ? asked.filter((study) => !alone.has(study)).sort((a, b) => a.fold! - b.fold!)
        : asked;
    return studies.flatMap((study) =>
      config.localTrials.filter((trials) => trials <= spare(study)).map((trials): Key => ({ protocol, study, trials })),
    );
  });
  const least = config.localTrials[0]!;
  if (keys.length === 0) throw nothingToPredict(asked, least);
  const unpredicted = asked.flatMap((study): Skipped[] => {
    const reason =
      spare(study) < least
        ? `${spare(study)} of its trials are left beside the ${study.split.test.length} that would be predicted; the least number of local trials asked for is ${least}`
        : alone.has(study) &&
          `in distribution, because its family "${study.family}" has no other study outside its group to learn from`;
    return reason ? [{ study: study.source.id, reason }] : [];
  });
  return { keys, unpredicted };
}

/** Trials that can be known of it; no more than are asked for. */
const spare = ({ split }: Usable): number => split.local.length;

/** @param least number of local trials that is asked for */
function nothingToPredict(asked: readonly Usable[], least: number): TrainerError {
  const most = Math.max(...asked.map(spare));
  const why =
    most < least
      ? `local trials: at least ${least} are asked for, and no study has more than ${most} beside those that are predicted; ask for ${most} or fewer, or name larger studies`
      : 'protocols: in distribution a study is predicted by what was learned from others of its family, and no family has two studies that can be used; put two or more into a family, or evaluate out of distribution';
  return new TrainerError('evaluation', `Evaluation: ${why}`);
}

export const nameOf = ({ protocol, study, trials }: Key): string => `${protocol} ${trials} ${study.source.id}`;
