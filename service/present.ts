// The store's records in the contract's words.
import type {
  Checkpoint,
  EvaluationProgress,
  Import,
  Job,
  JobEvent,
  JsonObject,
  Model,
  Page,
  Reject,
  Study,
  TrainingProgress,
  Trial,
} from '../store/types.js';
import type { EvaluationReport } from '../trainer/evaluation/types.js';
import { resolveTrainConfig } from '../trainer/train-config.js';
import type { components } from './contract.generated.js';
import type { ImportPlanRecord, ImportRequest } from './imports/request.js';
import { BASE_ID } from './prediction/base-model.js';

type Schemas = components['schemas'];

/** Hyperparameters that a training takes from the model that it starts from. */
const OF_THE_PARENT = new Set([
  'digits',
  'without_evidence',
  'd_model',
  'd_kv',
  'num_heads',
  'd_ff',
  'num_layers',
  'num_decoder_layers',
]);

export function presentStudy(study: Study): Schemas['Study'] {
  return {
    id: study.id,
    object: 'study',
    name: study.name,
    metadata: study.metadata,
    objectives: study.objectives,
    search_space: (study.searchSpace as Schemas['SearchSpace'] | undefined) ?? null,
    version: study.version,
    trial_counts: study.counts,
    created_at: study.createdAt.toISOString(),
  };
}

/** @param study the trial's study, whose objectives name its measurements */
export function presentTrial(trial: Trial, study: Study): Schemas['Trial'] {
  return {
    id: trial.id,
    object: 'trial',
    study_id: trial.studyId,
    status: trial.status,
    x: trial.x,
    y: presentMeasurement(trial.y, study),
    infeasible_reason: trial.infeasibleReason,
    metadata: trial.metadata,
    created_at: trial.createdAt.toISOString(),
    completed_at: trial.completedAt?.toISOString() ?? null,
  };
}

function presentMeasurement(y: number[] | null, { objectives }: Study): Schemas['Trial']['y'] {
  if (y === null) return null;
  // fromEntries makes own properties of any name, where assignment would fall for some.
  return objectives.length === 1 ? y[0]! : Object.fromEntries(objectives.map(({ name }, i) => [name, y[i]!]));
}

/** `ftckpt_…`: the job's id and the place of the checkpoint among its events. */
export const checkpointIdOf = ({ jobId, seq }: { jobId: string; seq: number | string }): string =>
  `${jobId.replace('ftjob_', 'ftckpt_')}_${seq}`;

export function presentCheckpoint({ jobId, seq, step, createdAt }: Checkpoint): Schemas['FineTuningJobCheckpoint'] {
  return {
    id: checkpointIdOf({ jobId, seq }),
    object: 'fine_tuning_job.checkpoint',
    fine_tuning_job: jobId,
    step,
    created_at: createdAt.toISOString(),
  };
}

/** What the trainer will be told: as asked for, with every default; what a parent decides stands there when it is known. */
function hyperparametersOf({ status, hyperparameters }: Job): JsonObject {
  if (status === 'succeeded') return hyperparameters;
  const { seed: _, ...resolved } = resolveTrainConfig(hyperparameters);
  const known = Object.entries(resolved).filter(([key]) => !OF_THE_PARENT.has(key) || key in hyperparameters);
  return Object.fromEntries(known) as JsonObject;
}

export function presentImport(made: Import): Schemas['Import'] {
  const request = made.request as unknown as ImportRequest;
  const plan = made.plan as unknown as ImportPlanRecord | null;
  return {
    id: made.id,
    object: 'import',
    status: made.status,
    study_id: made.studyId,
    format: request.format,
    source: made.source,
    on_error: request.onError,
    objectives: plan?.objectives ?? request.study?.objectives ?? null,
    columns: plan?.format === 'csv' ? plan.columns : null,
    offset: made.bytes,
    checksum: made.checksum,
    rows: made.rows,
    imported: made.imported,
    infeasible: made.infeasible,
    rejected: made.rejected,
    error: made.error as Schemas['Import']['error'],
    created_at: made.createdAt.toISOString(),
    updated_at: made.updatedAt.toISOString(),
    finished_at: made.finishedAt?.toISOString() ?? null,
  };
}

/** @param rejects the first of its rejected rows */
export function presentImportState(made: Import, rejects: readonly Reject[]): Schemas['ImportState'] {
  return { ...presentImport(made), errors: rejects.map(presentReject) };
}

export function presentReject({ place, line, start, bytes, errors }: Reject): Schemas['ImportReject'] {
  return { row: place, line, offset: start, bytes, errors: errors as unknown as Schemas['ImportReject']['errors'] };
}

export function presentJob(job: Job): Schemas['FineTuningJob'] {
  const progress = job.progress as TrainingProgress | null;
  return {
    id: job.id,
    object: 'fine_tuning_job',
    status: job.status,
    studies: job.studies,
    trial_count: job.trialCount,
    parent: job.parent,
    requested_hyperparameters: (job.request.hyperparameters ?? 'auto') as 'auto' | JsonObject,
    hyperparameters: hyperparametersOf(job),
    seed: job.seed,
    attempt: job.attempt,
    progress: progress && {
      step: progress.step,
      steps: progress.steps,
      loss: progress.loss,
      tokens_per_second: progress.tokensPerSecond,
      eta_seconds: progress.etaSeconds,
    },
    fine_tuned_model: job.modelId,
    outcome: job.outcome,
    reason: job.reason,
    metrics: job.metrics,
    error: job.error,
    ...jobTimes(job),
  };
}

const jobTimes = ({ createdAt, startedAt, finishedAt }: Job) => ({
  created_at: createdAt.toISOString(),
  started_at: startedAt?.toISOString() ?? null,
  finished_at: finishedAt?.toISOString() ?? null,
});

export function presentEvaluation(job: Job): Schemas['Evaluation'] {
  const progress = job.progress as EvaluationProgress | null;
  return {
    id: job.id,
    object: 'evaluation',
    status: job.status,
    studies: job.studies,
    trial_count: job.trialCount,
    model: job.parent ?? BASE_ID,
    seed: job.seed,
    attempt: job.attempt,
    progress: progress && { done: progress.done, total: progress.total, eta_seconds: progress.etaSeconds },
    reason: job.reason,
    error: job.error,
    ...jobTimes(job),
  };
}

export function presentEvaluationEvent(event: JobEvent): Schemas['EvaluationEvent'] {
  return { ...eventFields(event), object: 'evaluation.event' };
}

/** @param id of the evaluation whose report, as the trainer made it, this is */
export function presentReport(id: string, report: EvaluationReport): Schemas['EvaluationReport'] {
  const { config, trainings, skipped, seen, summary, rows } = report;
  return {
    object: 'evaluation.report',
    evaluation: id,
    protocols: [...config.protocols],
    local_trials: [...config.localTrials],
    test_trials: config.testTrials,
    asked_studies: config.askedStudies,
    folds: config.folds,
    without_text: config.withoutText,
    resamples: config.resamples,
    seed: config.seed,
    trainings,
    skipped,
    seen,
    summary: summary.map(({ errorRatio, crpsRatio, ...row }) => ({
      ...row,
      error_ratio: errorRatio,
      crps_ratio: crpsRatio,
    })),
    rows,
  };
}

export function presentEvent(event: JobEvent): Schemas['FineTuningJobEvent'] {
  // Only evaluations report the other type.
  const type = event.type as Schemas['FineTuningJobEvent']['type'];
  return { ...eventFields(event), object: 'fine_tuning_job.event', type };
}

function eventFields(event: JobEvent) {
  return {
    seq: event.seq,
    type: event.type,
    level: event.level,
    message: event.message,
    data: event.data,
    created_at: event.createdAt.toISOString(),
  };
}

export function presentModel(model: Model): Schemas['Model'] {
  return {
    id: model.id,
    object: 'model',
    parent: model.parent,
    base: model.base,
    job_id: model.jobId,
    published: model.published,
    study_ids: model.studyIds,
    metrics: model.metrics,
    config: model.config,
    created_at: model.createdAt.toISOString(),
  };
}

export function presentPage<T, P extends { id: string }>({ data, hasMore }: Page<T>, present: (record: T) => P) {
  const presented = data.map(present);
  return {
    object: 'list' as const,
    data: presented,
    has_more: hasMore,
    first_id: presented[0]?.id ?? null,
    last_id: presented.at(-1)?.id ?? null,
  };
}
