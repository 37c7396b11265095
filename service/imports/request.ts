// What an import was asked for, in one form, however it was asked: as JSON, or as parameters beside the rows.
import type { NewStudy, Objective } from '../../store/types.js';
import type { PlannedColumn } from '../tabular/planned-columns.js';

export interface ImportRequest {
  format: 'csv' | 'ndjson';
  onError: 'skip' | 'abort';
  /** The study to make; null: rows are added to one that exists. Without objectives they are found in the rows. */
  study: (Omit<NewStudy, 'objectives'> & { objectives: Objective[] | null }) | null;
  csv: CsvRequest;
}

/** How a CSV is to be read; what is absent is found in its first rows. */
export interface CsvRequest {
  delimiter?: string;
  header?: boolean;
  columns?: PlannedColumn[];
  ignore: string[];
  statusColumn?: string;
  /** `empty`, `nan`, or the text that marks a failed experiment. */
  infeasible: string[];
  missing: string[];
  decimalComma: boolean;
}

/** How a table is read, once that is settled: stored with the import. */
export type ImportPlanRecord =
  | { format: 'csv'; delimiter: string; columns: PlannedColumn[]; objectives: Objective[] }
  | { format: 'ndjson'; objectives: Objective[] };
