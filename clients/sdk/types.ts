// The contract's types under their own names, made from openapi.yaml. Its recursive Json is written out here: the generator cannot.
import type { components } from './contract.generated.js';

type Schemas = components['schemas'];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type Objective = Schemas['Objective'];
export type Study = Schemas['Study'];
export type StudyCreate = Omit<Schemas['StudyCreate'], 'metadata'> & { metadata?: JsonObject };
export type TrialCreate = Omit<Schemas['TrialCreate'], 'x' | 'metadata'> & { x: JsonObject; metadata?: JsonObject };
export type Trial = Omit<Schemas['Trial'], 'x' | 'metadata'> & { x: JsonObject; metadata: JsonObject };
export type TrialList = Schemas['Page'] & { data: Trial[] };
export type TrialBatchResult = Schemas['TrialBatchResult'];
export type PredictionCreate = Omit<Schemas['PredictionCreate'], 'queries' | 'intervals'> & {
  queries: JsonObject[];
  intervals?: number[];
};
export type PredictionResult = Schemas['PredictionResult'];
export type ObjectivePrediction = Schemas['ObjectivePrediction'];
export type Calibration = Schemas['Calibration'];
export type ExplanationCreate = Omit<Schemas['ExplanationCreate'], 'queries' | 'limits'> & {
  queries: JsonObject[];
  limits?: Partial<Schemas['ExplanationLimits']>;
};
export type ExplanationResult = Schemas['ExplanationResult'];
export type Explanation = Schemas['Explanation'];
export type Prototype = Schemas['Prototype'];
export type Effect = Schemas['Effect'];
export type FineTuningJob = Schemas['FineTuningJob'];
/** `hyperparameters` and `seed` have defaults; the generator makes fields with defaults required. */
export type FineTuningJobCreate = Pick<Schemas['FineTuningJobCreate'], 'studies'> &
  Partial<Schemas['FineTuningJobCreate']>;
export type FineTuningJobEvent = Schemas['FineTuningJobEvent'];
export type Evaluation = Schemas['Evaluation'];
/** Most fields have defaults; the generator makes fields with defaults required. */
export type EvaluationCreate = Pick<Schemas['EvaluationCreate'], 'studies'> & Partial<Schemas['EvaluationCreate']>;
export type EvaluationEvent = Schemas['EvaluationEvent'];
export type EvaluationReport = Schemas['EvaluationReport'];
export type EvaluationSummary = Schemas['EvaluationSummary'];
export type EvaluationMethod = Schemas['EvaluationMethod'];
export type StudyList = Schemas['StudyList'];
export type Model = Schemas['Model'];
export type Health = Schemas['Health'];
export type Problem = Schemas['Problem'];
export type FieldError = Schemas['FieldError'];
