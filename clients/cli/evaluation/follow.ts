// An evaluation from its first event to its report.
import type { Evaluation, EvaluationReport, OmniReg } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import type { Terminal } from '../terminal.js';
import { TrainingView } from '../training-view.js';
import type { StudyNames } from './study-names.js';

/** A report, and the model that it is about. */
export type JudgedModel = EvaluationReport & { model: string };

/** @throws CliError job_failed where it did not succeed */
export async function followEvaluation(
  client: OmniReg,
  id: string,
  names: StudyNames,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<JudgedModel> {
  const view = new TrainingView(terminal);
  terminal.say(`Evaluating (${id})`);
  let ended: Evaluation;
  try {
    const events = client.evaluations.events(id, { signal });
    for await (const event of events) view.show({ ...event, message: names.in(event.message) });
    ended = await events.final();
  } finally {
    view.finish();
  }
  if (ended.status === 'succeeded') return { ...(await client.evaluations.report(id, { signal })), model: ended.model };
  const how = ended.status === 'failed' ? 'failed' : `was ${ended.status}`;
  const reason = ended.error ? `: ${names.in(ended.error.message)} [${ended.error.code}]` : '';
  throw new CliError('job_failed', `The evaluation ${id} ${how}${reason}.`, 'Mend what it names and start again.');
}
