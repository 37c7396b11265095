// omnireg suggest: which experiments to run next.
import { type Command, Option } from 'commander';
import { writeCsvLine } from '../../../service/tabular/write.js';
import type { JsonObject, SearchSpace, SuggestionCreate, SuggestionResult } from '../../sdk/index.js';
import { csvCell, parameterNames } from '../csv/write-x.js';
import { writeX } from '../explanation-text.js';
import { jsonArgument } from '../json-argument.js';
import { columnsOf } from '../listing.js';
import { collected, contextOf, integerOption, parseJsonObject, parseLevel, text } from '../options.js';
import { formatNumber, renderTable } from '../table.js';
import type { Terminal } from '../terminal.js';

interface SuggestOptions
  extends Pick<SuggestionCreate, 'objective' | 'goal' | 'criterion' | 'level' | 'model' | 'seed'> {
  study: string;
  count: number;
  space?: string;
  pending?: JsonObject[];
  csv?: boolean;
  add?: boolean;
}

const CRITERIA = ['expected_improvement', 'probability_of_improvement', 'upper_confidence_bound', 'thompson'];

export function addSuggestCommand(program: Command): void {
  program
    .command('suggest')
    .description('suggest which experiments to run next, the most promising first')
    .requiredOption('--study <id>', 'the study; its trials so far are what is known', text)
    .option('--count <n>', 'how many', integerOption(1, 100), 1)
    .option(
      '--space <json>',
      'where they may lie, a JSON object, or a file with one (default: the study’s, else what was tried)',
    )
    .option('--objective <name>', 'what is to become better, where the study has several', text)
    .addOption(
      new Option('--goal <goal>', 'whether less or more is better (default: as the study says)').choices([
        'minimize',
        'maximize',
      ]),
    )
    .addOption(new Option('--criterion <name>', 'what makes an experiment promising').choices(CRITERIA))
    .option(
      '--level <level>',
      'of upper_confidence_bound: nearer to 1, what is uncertain counts for more (default: 0.9)',
      parseLevel,
    )
    .option(
      '--pending <json>',
      'an experiment under way that the study does not know; may be repeated',
      collected(parseJsonObject),
    )
    .option(
      '--model <id>',
      'model or adapter to ask (default: the best that learned from the study, else the newest)',
      text,
    )
    .option('--seed <n>', 'other suggestions for the same question (default: 1)', integerOption(0, 2_147_483_647))
    .option('--csv', 'write the parameters as CSV instead of a table, to be measured and imported')
    .option('--add', 'add each as a running trial of the study, and write the ids')
    .action(runSuggest);
}

async function runSuggest(options: SuggestOptions, command: Command): Promise<void> {
  const { study, count, space, pending, csv, add, ...rest } = options;
  const { terminal, client, signal } = contextOf(command);
  const body: SuggestionCreate = {
    ...rest,
    count,
    ...(pending && { pending }),
    ...(space !== undefined && { search_space: (await jsonArgument(space, '--space')) as unknown as SearchSpace }),
  };
  const result = await client.studies.suggest(study, body, { signal });
  const trials: string[] = [];
  if (add) {
    for (const { x } of result.suggestions)
      trials.push((await client.studies.trials.create(study, { x }, { signal })).id);
  }
  if (terminal.json) terminal.result(add ? { ...result, trials } : result);
  else if (csv) terminal.data(asCsv(result));
  else if (result.suggestions.length > 0) terminal.data(asTable(result, trials, terminal));
  if (result.suggestions.length < count) {
    terminal.warn(`the search space has no more than ${result.suggestions.length} that were not tried`);
  }
  const { basis, trials: seen } = result.search_space;
  const from = { request: '--space', study: 'the study’s own', trials: `inferred from ${seen} trials` }[basis];
  const model = result.model
    ? `model ${result.model.id}: ${result.model.reason}`
    : 'no model was asked, as no trial has ended';
  terminal.say(terminal.style('dim', `${model}; search space: ${from}`));
}

function asCsv({ suggestions }: SuggestionResult): string {
  const names = parameterNames(suggestions.map(({ x }) => x));
  const rows = suggestions.map(({ x }) => names.map((name) => csvCell(x[name])));
  return [names, ...rows].map((cells) => writeCsvLine(cells)).join('');
}

function asTable({ suggestions, objective }: SuggestionResult, trials: readonly string[], terminal: Terminal): string {
  const added = trials.length > 0;
  const columns = columnsOf(...(added ? ['trial'] : []), 'parameters', `#${objective}`, '#90% of it', '#score');
  const rows = suggestions.map(({ x, prediction, score }, i) => [
    ...(added ? [trials[i]!] : []),
    writeX(x),
    prediction ? formatNumber(prediction.median) : '–',
    prediction ? rangeOf(prediction.quantiles) : '–',
    score === null ? '–' : formatNumber(score, 3),
  ]);
  return renderTable(columns, rows, (row, line) => (row < 0 ? terminal.dataStyle('dim', line) : line));
}

/** From the lowest of some quantiles to the highest: an sd says little of what spans powers of ten. */
const rangeOf = (quantiles: readonly { y: number }[]) =>
  `${formatNumber(quantiles[0]!.y)} … ${formatNumber(quantiles.at(-1)!.y)}`;
