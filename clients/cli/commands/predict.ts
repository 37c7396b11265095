// omnireg predict: what new parameters would measure, from --x, a CSV file or stdin.
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { describeRowError } from '../../../service/tabular/row-errors.js';
import type { JsonObject, OmniReg, PredictionResult } from '../../sdk/index.js';
import { CliError, exitCodes } from '../errors.js';
import { collected, contextOf, parseDelimiter, parseJsonObject, parseLevel, text } from '../options.js';
import { predictionNotes } from '../prediction-notes.js';
import { CsvPredictions, predictionsTable } from '../predictions-text.js';
import { Progress } from '../progress.js';
import { type Queries, queriesFromCsv, queriesFromJson } from '../queries.js';
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
    .argument('[file]', 'CSV of parameters, one prediction a row (default, or -: stdin)')
    .requiredOption('--study <id>', 'the study; its trials so far are the context')
    .option('--x <json>', 'parameters as a JSON object; may be repeated', collected(parseJsonObject))
    .option('--model <id>', 'model or adapter to ask (default: the best that learned from the study, else the newest)')
    .option('--interval <level>', 'level of an interval; may be repeated (default: 0.9)', collected(parseLevel))
    .option(
      '--csv',
      'write CSV: a CSV’s own cells, and behind them what is predicted (default where a CSV is read and stdout is no terminal)',
    )
    .option('--no-csv', 'write a table')
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
  if (file !== undefined && options.x !== undefined) {
    throw new CliError(
      'usage',
      'predict takes its parameters from --x or from a CSV, not from both.',
      'Leave out one.',
    );
  }
  const asked = options.x
    ? await queriesFromJson(client, options.study, options.x)
    : await readFileOrStdin(file, options, client);
  for (const note of asked.notes) terminal.warn(note);
  for (const error of asked.errors) terminal.say(`${terminal.style('yellow', 'left out:')} ${describeRowError(error)}`);
  if (asked.queries.length === 0)
    throw new CliError('nothing_imported', 'No row can be asked about.', 'Mend the rows above.');

  const levels = [...new Set(options.interval ?? DEFAULT_LEVELS)];
  const asCsv = !terminal.json && (options.csv ?? (asked.table !== undefined && !terminal.dataIsSeen));
  const csv = asCsv ? new CsvPredictions(asked, options.decimalComma === true) : undefined;
  const result = await predictInBatches(client, options.study, asked.queries, {
    signal,
    terminal,
    body: { intervals: levels, ...(options.model === undefined ? {} : { model: options.model }) },
    // As they come, so that whoever reads stdout need not wait for the last.
    onPart: (part) => csv && terminal.data(csv.lines(part)),
  });
  if (terminal.json) terminal.result({ ...result, labels: asked.labels, errors: asked.errors });
  else if (!csv) terminal.data(predictionsTable(asked, result, terminal));
  for (const note of predictionNotes(result.predictions, asked.labels, asked.strangers)) terminal.warn(note);
  sayBasis(terminal, result);
  if (asked.errors.length > 0) process.exitCode = exitCodes.partial;
}

export interface PredictOptions {
  signal: AbortSignal;
  terminal: Terminal;
  body: { intervals: number[]; model?: string; include?: 'experts'[] };
  /** Told of the answers of each request, in order. */
  onPart?: (predictions: PredictionResult['predictions']) => void;
}

/** Any number of queries, in requests small enough to show progress; the answers are put together in order. */
export async function predictInBatches(
  client: OmniReg,
  studyId: string,
  queries: readonly JsonObject[],
  { signal, terminal, body, onPart }: PredictOptions,
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
      if (whole) whole.predictions.push(...part.predictions);
      else whole = { ...part, predictions: [...part.predictions] };
      onPart?.(part.predictions);
    }
  } finally {
    progress.finish();
  }
  if (!whole) throw new CliError('usage', 'There is nothing to predict.', 'Give at least one query.');
  return whole;
}

async function readFileOrStdin(
  file: string | undefined,
  options: PredictCommandOptions,
  client: OmniReg,
): Promise<Queries> {
  const scanOptions = {
    delimiter: options.delimiter,
    header: options.header,
    missing: options.missing ?? [],
    decimalComma: options.decimalComma ?? false,
  };
  const read = async (path: string) =>
    queriesFromCsv(client, await client.studies.get(options.study), path, scanOptions);
  if (file !== undefined && file !== '-') return read(file);
  const missing = () =>
    new CliError('usage', 'predict needs parameters: --x JSON, or a CSV, as a file or on stdin.', 'Give one of them.');
  if (file === undefined && process.stdin.isTTY) throw missing();
  // A CSV is read twice, and stdin can be read once.
  const spool = join(tmpdir(), `omnireg-${randomUUID()}.csv`);
  try {
    await pipeline(process.stdin, createWriteStream(spool, { mode: 0o600 }));
    if (file === undefined && (await stat(spool)).size === 0) throw missing();
    return await read(spool).catch((error: unknown) => {
      // Nobody knows the file by its name.
      if (error instanceof Error) error.message = error.message.replaceAll(spool, 'stdin');
      throw error;
    });
  } finally {
    await rm(spool, { force: true });
  }
}

function sayBasis(terminal: Terminal, { model, calibration }: PredictionResult): void {
  terminal.say(terminal.style('dim', `model ${model.id}: ${model.reason}`));
  for (const [name, { calibrated, reason }] of Object.entries(calibration)) {
    terminal.say(
      terminal.style('dim', `intervals of ${name} are ${calibrated ? 'calibrated' : 'not calibrated'}: ${reason}`),
    );
  }
}
