// From a job's row to the evaluation that it asks for, and to the sentence that it ends with. Runs in the job's process.
import type { Store } from '../../store/store.js';
import type {
  EvaluatedStudy,
  EvaluationConfig,
  EvaluationReport,
  EvaluationRequest,
} from '../../trainer/evaluation/types.js';
import type { components } from '../contract.generated.js';
import { studySources } from '../study-data.js';
import type { JobStart } from './messages.js';

type Create = components['schemas']['EvaluationCreate'];

/** @param start with the folder of the model that is judged as `parentDir` */
export async function evaluationRequest(store: Store, start: JobStart): Promise<EvaluationRequest> {
  const { job, parentDir, workDir, device } = start;
  const asked = job.request as unknown as Create;
  const studies: EvaluatedStudy[] = [];
  for (const id of job.studies) {
    const study = await store.getStudy(id);
    if (study === null) throw new Error(`${id} is no longer in the database`);
    for (const source of await studySources(store, study, job.snapshot))
      studies.push({ family: asked.families?.[id] ?? source.objective.name.trim().toLowerCase(), source });
  }
  return {
    studies,
    modelDir: parentDir!,
    workDir,
    config: evaluationConfig(asked),
    training: { device, ...asked.training },
  };
}

/** What a request sets of the trainer's settings. */
function evaluationConfig(asked: Create): Partial<EvaluationConfig> {
  const {
    protocols,
    local_trials: localTrials,
    test_trials: testTrials,
    asked_studies: askedStudies,
    folds,
    without_text: withoutText,
    seed,
  } = asked;
  const given = Object.entries({ protocols, localTrials, testTrials, askedStudies, folds, withoutText, seed });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** The model beside the best local baseline, at the largest number of local trials. */
export function describeReport({ summary }: EvaluationReport): string {
  const best = summary.filter((row) => row.family === null && row.best && row.errorRatio !== null).at(-1);
  if (best === undefined) return 'evaluated';
  const { value, lower, upper } = best.errorRatio!;
  const ratio = `${value.toFixed(2)} [${lower.toFixed(2)}, ${upper.toFixed(2)}]`;
  return `error ${ratio} × that of ${best.method.replaceAll('_', ' ')}, the best local baseline, at ${best.trials} trials`;
}
