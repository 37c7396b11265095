// omnireg predict: what new parameters would measure, from --x, a CSV file or stdin.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { describeRowError } from '../../../service/tabular/row-errors.js';
import { writeCsvLine } from '../../../service/tabular/write.js';
import type { JsonObject, OmniReg, PredictionResult } from '../../sdk/index.js';
import { CliError, exitCodes } from '../errors.js';
import { collected, contextOf, parseDelimiter, parseJsonObject, parseLevel, text } from '../options.js';
import { Progress } from '../progress.js';
import { type Queries, queriesFromCsv } from '../queries.js';
import { formatNumber, renderTable } from '../table.js';
import type { Terminal } from '../terminal.js';

/** Queries in one request: few enough that progress is seen, many enough that the model is kept busy. */
const BATCH = 100;
const DEFAULT_LEVELS = [0.9];

interface PredictCommandOptions {
  study: string;
  x?: JsonObject[];
  model?: string;
  interval?: number[];
  csv?: boolean;
  header?: boolean;
  delimiter?: string;
  missing?: string[];
  decimalComma?: boolean;
}

export function addPredictCommand(program: Command): void {
  program
    .command('predict')
    .description('predict what new parameters would measure in a study')
    .argument('[file]', 'CSV of parameters, one prediction a row; - reads stdin')
    .requiredOption('--study <id>', 'the study; its trials so far are the context')
    .option('--x <json>', 'parameters as a JSON object; may be repeated', collected(parseJsonObject))
    .option('--model <id>', 'model or adapter to ask (default: the best that learned from the study, else the newest)')
    .option('--interval <level>', 'level of an interval; may be repeated (default: 0.9)', collected(parseLevel))
    .option('--csv', 'write CSV instead of a table')
    .option('--header', 'the first line names the columns (default: unless it is all numbers)')
    .option('--no-header', 'the first line is data; columns are named c1, c2, …')
    .option('--delimiter <character>', 'what separates cells (default: found out)', parseDelimiter)
    .option('--missing <text>', 'a cell that means "no value", such as NA; may be repeated', collected(text))
    .option('--decimal-comma', 'numbers are written 1,5')
    .action((file: string | undefined, options: PredictCommandOptions, command: Command) =>
      runPredict(file, options, command),
    );
}

async function runPredict(file: string | undefined, options: PredictCommandOptions, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  if ((file === undefined) === (options.x === undefined)) {
    throw new CliError(
      'usage',
      'predict needs parameters: --x JSON, or a CSV file (- for stdin).',
      'Give one of the two.',
    );
  }
  const asked = options.x ? fromOptions(options.x) : await readFileOrStdin(file!, options, client);
  for (const note of asked.notes) terminal.warn(note);
  for (const error of asked.errors) terminal.say(`${terminal.style('yellow', 'left out:')} ${describeRowError(error)}`);
  if (asked.queries.length === 0)
    throw new CliError('nothing_imported', 'No row can be asked about.', 'Mend the rows above.');

  const levels = options.interval ?? DEFAULT_LEVELS;
  const result = await predictInBatches(client, options.study, asked.queries, {
    signal,
    terminal,
    body: { intervals: [...new Set(levels)], ...(options.model === undefined ? {} : { model: options.model }) },
  });
  if (terminal.json) terminal.result({ ...result, labels: asked.labels, errors: asked.errors });
  else terminal.data(options.csv ? asCsv(asked, result) : asTable(asked, result, terminal));
  sayBasis(terminal, result);
  if (asked.errors.length > 0) process.exitCode = exitCodes.partial;
}

export interface PredictOptions {
  signal: AbortSignal;
  terminal: Terminal;
  body: { intervals: number[]; model?: string; include?: 'experts'[] };
}

/** Any number of queries, in requests small enough to show progress; the answers are put together in order. */
export async function predictInBatches(
  client: OmniReg,
  studyId: string,
  queries: readonly JsonObject[],
  { signal, terminal, body }: PredictOptions,
): Promise<PredictionResult> {
  const progress = new Progress(terminal, 'predict');
  let whole: PredictionResult | undefined;
  try {
    for (let at = 0; at < queries.length; at += BATCH) {
      progress.update({ done: at, total: queries.length });
      const model = whole?.model.id ?? body.model;
      const request = { ...body, ...(model === undefined ? {} : { model }), queries: queries.slice(at, at + BATCH) };
      const part = await client.studies.predict(studyId, request, { signal });
      // The first answer's model answers all of them, even if a newer one is published meanwhile.
      whole = whole ? { ...whole, predictions: [...whole.predictions, ...part.predictions] } : part;
    }
  } finally {
    progress.finish();
  }
  if (!whole) throw new CliError('usage', 'There is nothing to predict.', 'Give at least one query.');
  return whole;
}

function fromOptions(queries: JsonObject[]): Queries {
  return { labels: queries.map((_, i) => `x ${i + 1}`), queries, errors: [], notes: [] };
}

async function readFileOrStdin(file: string, options: PredictCommandOptions, client: OmniReg): Promise<Queries> {
  const study = await client.studies.get(options.study);
  const scanOptions = {
    delimiter: options.delimiter,
    header: options.header,
    missing: options.missing ?? [],
    decimalComma: options.decimalComma ?? false,
  };
  if (file !== '-') return queriesFromCsv(client, study, file, scanOptions);
  // A CSV is read twice, and stdin can be read once.
  const spool = join(tmpdir(), `omnireg-${randomUUID()}.csv`);
  try {
    await pipeline(process.stdin, createWriteStream(spool, { mode: 0o600 }));
    return await queriesFromCsv(client, study, spool, scanOptions);
  } finally {
    await rm(spool, { force: true });
  }
}

/** One row a prediction: label, parameters, then per objective median and interval bounds. */
function asCsv({ labels, queries }: Queries, result: PredictionResult): string {
  const keys = [...new Set(queries.flatMap((x) => Object.keys(x)))];
  const objectives = Object.keys(result.predictions[0]?.objectives ?? {});
  const bounds = (name: string, i: number) => result.predictions[i]!.objectives[name]!.intervals;
  const header = [
    'row',
    ...keys,
    ...objectives.flatMap((name) => [
      `${name}.median`,
      `${name}.mean`,
      `${name}.sd`,
      ...bounds(name, 0).flatMap(({ level }) => [`${name}.lower_${level}`, `${name}.upper_${level}`]),
    ]),
    'p_infeasible',
  ];
  const rows = result.predictions.map(({ objectives: predicted, p_infeasible }, i) => [
    labels[i]!,
    ...keys.map((key) => cellOf(queries[i]![key])),
    ...objectives.flatMap((name) => {
      const { median, mean, sd, intervals } = predicted[name]!;
      return [median, mean, sd, ...intervals.flatMap(({ lower, upper }) => [lower, upper])].map(String);
    }),
    String(p_infeasible),
  ]);
  return [header, ...rows].map((cells) => writeCsvLine(cells)).join('');
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function asTable({ labels }: Queries, result: PredictionResult, terminal: Terminal): string {
  const tables = Object.keys(result.predictions[0]?.objectives ?? {}).map((name) => {
    const levels = result.predictions[0]!.objectives[name]!.intervals.map(({ level }) => level);
    const columns = ['query', name, ...levels.map((level) => `${level * 100}% interval`), 'P(infeasible)'];
    const rows = result.predictions.map(({ objectives, p_infeasible }, i) => {
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

function sayBasis(terminal: Terminal, { model, calibration }: PredictionResult): void {
  terminal.say(terminal.style('dim', `model ${model.id}: ${model.reason}`));
  for (const [name, { calibrated, reason }] of Object.entries(calibration)) {
    terminal.say(
      terminal.style('dim', `intervals of ${name} are ${calibrated ? 'calibrated' : 'not calibrated'}: ${reason}`),
    );
  }
}
