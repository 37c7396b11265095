// Every error the trainer throws carries one of these codes.

export const TRAINER_ERRORS = {
  model_config: 'The model configuration is not one this trainer can run.',
  model_files: 'A model directory is missing a file or holds one that does not fit.',
  train_config: 'A training hyperparameter is unknown or out of range.',
  no_training_data: 'The studies hold too few trials to learn from.',
  device_unavailable: 'A device asked for by name is missing or does not work.',
  checkpoint: 'A checkpoint does not belong to this job.',
  distribution: 'A distribution was made of, or asked for, something it cannot have.',
  given: 'An objective is given, or asked for, that the study does not have in that place.',
  acquisition: 'Candidates cannot be ranked or suggested in the way that was asked for.',
  evaluation: 'An evaluation is asked for what it cannot do, or one of its processes ended.',
  search_space: 'A search space is not declared consistently, or an x lies outside of it.',
} as const;

export type TrainerErrorCode = keyof typeof TRAINER_ERRORS;

export class TrainerError extends Error {
  override readonly name = 'TrainerError';

  constructor(
    readonly code: TrainerErrorCode,
    message: string,
  ) {
    super(message);
  }
}
