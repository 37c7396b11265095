// The store's records in the contract's words.
import type { Job, JobEvent, Model, Page, Study, Trial } from '../store/types.js';
import type { components } from './contract.generated.js';

type Schemas = components['schemas'];

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

export function presentJob(job: Job): Schemas['FineTuningJob'] {
  const { progress } = job;
  return {
    id: job.id,
    object: 'fine_tuning_job',
    status: job.status,
    studies: job.studies,
    trial_count: job.trialCount,
    parent: job.parent,
    hyperparameters: job.hyperparameters,
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
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
  };
}

export function presentEvent(event: JobEvent): Schemas['FineTuningJobEvent'] {
  return {
    object: 'fine_tuning_job.event',
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
