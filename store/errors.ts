// Every error that a store throws: one code each, with the sentence that explains it.

export const STORE_ERRORS = {
  study_not_found: 'No study has this id',
  study_in_use: 'A job that has not ended works on the study',
  trial_not_found: 'The study has no trial of this id',
  job_not_found: 'No fine-tuning job has this id',
  model_not_found: 'No model has this id',
  model_in_use: 'The model is still needed',
  key_not_found: 'No key has this id',
  last_admin_key: 'It is the last key of scope admin',
  import_not_found: 'No import has this id',
  import_not_open: 'The import takes no more rows',
  import_moved: 'The import has come further, or is elsewhere, than was thought',
  cursor_not_found: 'The list has no entry of this id to go on from',
  trial_already_finished: 'The trial is already completed or infeasible',
  job_already_finished: 'The job has already ended',
  too_few_trials: 'The studies have too few completed trials to train on',
  idempotency_key_reused: 'The idempotency key was used before for a different request',
  lease_lost: 'Another attempt has taken the job over, or it has ended',
  database_too_new: 'The database was written by a newer version of OmniReg',
  database_unusable: 'The database file cannot be opened',
  migration_invalid: 'The migration files of this installation are not in order',
} as const;

export type StoreErrorCode = keyof typeof STORE_ERRORS;

/** What a store throws. `subject` is the id, key or number that it is about. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  constructor(
    readonly code: StoreErrorCode,
    readonly subject: string,
    detail?: string,
    options?: ErrorOptions,
  ) {
    super(`${STORE_ERRORS[code]}: ${detail ?? subject}`, options);
  }
}
