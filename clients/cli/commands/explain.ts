// omnireg explain: why the model says what it says of some parameters.
import type { Command } from 'commander';
import type { ExplanationResult, JsonObject, Objective, OmniReg } from '../../sdk/index.js';
import { explanationText, prototypesText } from '../explanation-text.js';
import { collected, contextOf, parseJsonObject, text } from '../options.js';
import { queriesFromJson } from '../queries.js';
import type { Terminal } from '../terminal.js';

/** Queries that one request may have. */
const BATCH = 5;

interface ExplainCommandOptions {
  study: string;
  x: JsonObject[];
  model?: string;
  objective?: string;
}

export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description('explain what the model says: trials it sees as alike, and what each parameter does')
    .requiredOption('--study <id>', 'the study; its trials so far are the context')
    .requiredOption('--x <json>', 'parameters as a JSON object; may be repeated', collected(parseJsonObject))
    .option('--model <id>', 'model or adapter to ask (default: the best that learned from the study, else the newest)')
    .option('--objective <name>', 'what is explained (default: every objective)', text)
    .action(async ({ study, x, ...options }: ExplainCommandOptions, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      const { objectives } = await client.studies.get(study);
      for (const note of (await queriesFromJson(client, study, x)).notes) terminal.warn(note);
      const result = await explainInBatches(client, study, x, { signal, body: options });
      if (terminal.json) terminal.result(result);
      else writeExplanations(terminal, result, x, objectives);
      terminal.say(terminal.style('dim', `model ${result.model.id}: ${result.model.reason}`));
    });
}

export interface ExplainOptions {
  signal: AbortSignal;
  body: { model?: string; objective?: string };
}

/** Any number of queries, in as many requests as they take; the answers are put together in order. */
export async function explainInBatches(
  client: OmniReg,
  studyId: string,
  queries: readonly JsonObject[],
  { signal, body }: ExplainOptions,
): Promise<ExplanationResult> {
  let whole = await client.studies.explain(studyId, { ...body, queries: queries.slice(0, BATCH) }, { signal });
  for (let at = BATCH; at < queries.length; at += BATCH) {
    // The first answer's model answers all of them, even if a newer one is published meanwhile.
    const request = { ...body, model: whole.model.id, queries: queries.slice(at, at + BATCH) };
    const part = await client.studies.explain(studyId, request, { signal });
    const joined = Object.entries(whole.objectives).map(([name, answer]) => {
      const explanations = [...answer.explanations, ...part.objectives[name]!.explanations];
      return [name, { ...answer, explanations }] as const;
    });
    whole = { ...whole, objectives: Object.fromEntries(joined) };
  }
  return whole;
}

/** All that was explained, objective by objective. */
export function writeExplanations(
  terminal: Terminal,
  result: ExplanationResult,
  queries: readonly JsonObject[],
  objectives: readonly Objective[],
): void {
  for (const objective of objectives) {
    const answer = result.objectives[objective.name];
    if (!answer) continue;
    const { unit, goal } = objective;
    const about = [unit, goal].filter(Boolean).join(', ');
    terminal.data(`\n${terminal.dataStyle('bold', objective.name)}${about && ` (${about})`}`);
    if (answer.prototypes) {
      terminal.data(
        `\nTrials that stand for the study:\n${prototypesText(answer.prototypes, answer.compared.trials, objective)}`,
      );
    }
    answer.explanations.forEach((explanation, i) => {
      terminal.data(`\n${i + 1}. ${explanationText(explanation, queries[i]!, objective)}`);
    });
  }
}
