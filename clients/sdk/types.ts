// The contract's types under their own names, made from openapi.yaml. Its recursive Json is written out here: the generator cannot.
import type { components } from './contract.generated.js';

type Schemas = components['schemas'];

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** The generator makes fields with defaults required; of a request only `Required` are. */
type Request<Name extends keyof Schemas, Required extends keyof Schemas[Name]> = Pick<Schemas[Name], Required> &
  Partial<Schemas[Name]>;

export type Objective = Schemas['Objective'];
export type SearchSpace = Schemas['SearchSpace'];
export type Study = Schemas['Study'];
export type StudyCreate = Omit<Schemas['StudyCreate'], 'metadata'> & { metadata?: JsonObject };
export type StudyUpdate = Omit<Schemas['StudyUpdate'], 'metadata'> & { metadata?: JsonObject };
export type StudyList = Schemas['StudyList'];

export type Measurement = Schemas['Measurement'];
export type TrialStatus = Schemas['TrialStatus'];
export type TrialCreate = Omit<Schemas['TrialCreate'], 'x' | 'metadata'> & { x: JsonObject; metadata?: JsonObject };
export type Trial = Omit<Schemas['Trial'], 'x' | 'metadata'> & { x: JsonObject; metadata: JsonObject };
export type TrialList = Schemas['Page'] & { data: Trial[] };
export type TrialBatchResult = Schemas['TrialBatchResult'];

export type PredictionCreate = Omit<Request<'PredictionCreate', 'queries'>, 'queries'> & { queries: JsonObject[] };
export type PredictionResult = Schemas['PredictionResult'];
export type ObjectivePrediction = Schemas['ObjectivePrediction'];
export type Calibration = Schemas['Calibration'];
export type TextPredictionCreate = Omit<Request<'TextPredictionCreate', 'inputs'>, 'inputs' | 'metadata'> & {
  inputs: (string | JsonObject)[];
  metadata?: JsonObject;
};
export type TextPredictionResult = Schemas['TextPredictionResult'];
export type RankingCreate = Omit<Schemas['RankingCreate'], 'candidates'> & { candidates: JsonObject[] };
export type RankingResult = Schemas['RankingResult'];
export type SuggestionCreate = Omit<Schemas['SuggestionCreate'], 'pending'> & { pending?: JsonObject[] };
export type SuggestionResult = Omit<Schemas['SuggestionResult'], 'suggestions'> & {
  suggestions: (Omit<Schemas['SuggestionResult']['suggestions'][number], 'x'> & { x: JsonObject })[];
};
export type ExplanationCreate = Omit<Request<'ExplanationCreate', 'queries'>, 'queries' | 'limits'> & {
  queries: JsonObject[];
  limits?: Partial<Schemas['ExplanationLimits']>;
};
export type ExplanationResult = Schemas['ExplanationResult'];
export type Explanation = Schemas['Explanation'];
export type Prototype = Schemas['Prototype'];
export type Effect = Schemas['Effect'];

export type FineTuningJob = Schemas['FineTuningJob'];
export type FineTuningJobCreate = Request<'FineTuningJobCreate', 'studies'>;
export type FineTuningJobEvent = Schemas['FineTuningJobEvent'];
export type FineTuningJobEventList = Schemas['FineTuningJobEventList'];
export type FineTuningJobCheckpoint = Schemas['FineTuningJobCheckpoint'];

export type Evaluation = Schemas['Evaluation'];
export type EvaluationCreate = Request<'EvaluationCreate', 'studies'>;
export type EvaluationEvent = Schemas['EvaluationEvent'];
export type EvaluationEventList = Schemas['EvaluationEventList'];
export type EvaluationReport = Schemas['EvaluationReport'];
export type EvaluationSummary = Schemas['EvaluationSummary'];
export type EvaluationMethod = Schemas['EvaluationMethod'];

export type Model = Schemas['Model'];
export type Import = Schemas['Import'];
export type ImportState = Schemas['ImportState'];
export type ImportStatus = Schemas['ImportStatus'];
export type ImportCreate = Omit<Schemas['ImportCreate'], 'study'> & { study?: StudyCreate };
export type ImportReject = Schemas['ImportReject'];
export type ImportRejectList = Schemas['ImportRejectList'];
/** A table, or part of one. */
export type Rows = string | Uint8Array | Blob | ReadableStream<Uint8Array>;

export type ApiKey = Schemas['ApiKey'];
export type ApiKeyCreate = Schemas['ApiKeyCreate'];
/** With the key itself, which the service says only once. */
export type ApiKeyWithSecret = Schemas['ApiKeyWithSecret'];

export type Readiness = Schemas['Readiness'];
export type Health = Schemas['Health'];
export type Problem = Schemas['Problem'];
export type FieldError = Schemas['FieldError'];
