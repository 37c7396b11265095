// What a row of a table becomes: a trial as the contract (openapi.yaml, TrialCreate) describes it.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Objective {
  name: string;
  goal?: 'minimize' | 'maximize';
  unit?: string;
}

export interface TrialInput {
  x: JsonObject;
  /** A number, or one a name where the study has several objectives. */
  y?: number | Record<string, number>;
  status?: 'completed' | 'running' | 'infeasible';
  infeasible_reason?: string;
  metadata?: JsonObject;
}
