// Predictions as a table for people, or as CSV: the cells that were read, and behind them what is predicted.
import { writeCsvLine } from '../../service/tabular/write.js';
import type { PredictionResult } from '../sdk/index.js';
import { csvCell, parameterNames } from './csv/write-x.js';
import type { Queries } from './queries.js';
import { formatNumber, renderTable } from './table.js';
import type { Terminal } from './terminal.js';

type Predictions = PredictionResult['predictions'];

/** Writes predictions as CSV in parts, in the order of the queries; the header comes with the first. */
export class CsvPredictions {
  readonly #header: string[];
  readonly #rows: string[][];
  readonly #delimiter: string;
  readonly #decimalComma: boolean;
  #written = 0;

  /** @param decimalComma whether numbers are written 1,5, as in what was read */
  constructor({ queries, table }: Queries, decimalComma: boolean) {
    this.#header = table?.header ?? parameterNames(queries);
    this.#rows = table?.rows ?? queries.map((x) => this.#header.map((name) => csvCell(x[name])));
    this.#delimiter = table?.delimiter ?? ',';
    this.#decimalComma = decimalComma;
  }

  /** The lines of the next predictions. */
  lines(predictions: Predictions): string {
    const lines = predictions.map(({ objectives, p_infeasible }, i) => {
      const predicted = Object.values(objectives).flatMap(({ median, mean, sd, intervals }) => [
        median,
        mean,
        sd,
        ...intervals.flatMap(({ lower, upper }) => [lower, upper]),
      ]);
      const numbers = [...predicted, p_infeasible].map((value) => this.#number(value));
      return this.#line([...this.#rows[this.#written + i]!, ...numbers]);
    });
    const first = predictions[0];
    if (this.#written === 0 && first) lines.unshift(this.#line([...this.#header, ...titles(first)]));
    this.#written += predictions.length;
    return lines.join('');
  }

  #line(cells: readonly string[]): string {
    return writeCsvLine(cells, this.#delimiter);
  }

  #number(value: number): string {
    return this.#decimalComma ? String(value).replace('.', ',') : String(value);
  }
}

/** Names of the predicted columns: bytes.median, bytes.lower_0.9. */
function titles({ objectives }: Predictions[number]): string[] {
  const columns = Object.entries(objectives).flatMap(([name, { intervals }]) => [
    ...['median', 'mean', 'sd'].map((figure) => `${name}.${figure}`),
    ...intervals.flatMap(({ level }) => [`${name}.lower_${level}`, `${name}.upper_${level}`]),
  ]);
  return [...columns, 'p_infeasible'];
}

/** A table an objective. */
export function predictionsTable({ labels }: Queries, { predictions }: PredictionResult, terminal: Terminal): string {
  const tables = Object.keys(predictions[0]?.objectives ?? {}).map((name) => {
    const levels = predictions[0]!.objectives[name]!.intervals.map(({ level }) => level);
    const columns = ['query', name, ...levels.map((level) => `${level * 100}% interval`), 'P(infeasible)'];
    const rows = predictions.map(({ objectives, p_infeasible }, i) => {
      const { median, intervals } = objectives[name]!;
      const ranges = intervals.map(({ lower, upper }) => `${formatNumber(lower)} … ${formatNumber(upper)}`);
      return [labels[i]!, formatNumber(median), ...ranges, formatNumber(p_infeasible, 2)];
    });
    return renderTable(
      columns.map((title, i) => ({ title, align: i === 0 ? 'left' : 'right' })),
      rows,
      (row, line) => (row < 0 ? terminal.dataStyle('dim', line) : line),
    );
  });
  return tables.join('\n\n');
}
