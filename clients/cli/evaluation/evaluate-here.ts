// An evaluation on a server of its own, which goes when all is done. What is cut off is gone on with by the same command.
import { join, resolve } from 'node:path';
import { APIError, type EvaluationCreate } from '../../sdk/index.js';
import { connect } from '../connect.js';
import { CliError } from '../errors.js';
import { ServerProcess } from '../server-process.js';
import type { Terminal } from '../terminal.js';
import { deliver } from './deliver.js';
import { fingerprintOf } from './fingerprint.js';
import type { FolderTask } from './folder.js';
import { followEvaluation } from './follow.js';
import { importTasks } from './import-tasks.js';
import { StudyNames } from './study-names.js';
import { WorkFolder } from './work-folder.js';

/** @param settings with the folder of the model, where it is named @param out folder of the report, which is there */
export async function evaluateHere(
  tasks: readonly FolderTask[],
  { model, ...settings }: Omit<EvaluationCreate, 'studies'>,
  out: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const work = await WorkFolder.open(join(out, '.work'), await fingerprintOf(tasks, settings, model));
  if (work.isAnother) terminal.say('The tables, the model or the options are not those of what was cut off here');
  let stopping = false;
  /** Whether there is nothing to go on with: all is done, or the same would fail in the same way again. */
  let over = false;
  const server = await ServerProcess.start({
    env: {
      OMNIREG_DATA_DIR: work.dataDir,
      OMNIREG_HOST: '127.0.0.1',
      OMNIREG_PORT: '0',
      ...(model !== undefined && { OMNIREG_BASE_MODEL: resolve(model) }),
    },
    // What it says while it closes is of no interest.
    onLog: (line) => stopping || terminal.say(terminal.style('dim', `  server: ${line}`)),
  });
  try {
    const client = connect(server.url, terminal);
    if (!work.begun) {
      const { request, names } = await importTasks(client, tasks, terminal, signal);
      const { id } = await client.evaluations.create({ ...settings, ...request }, { signal });
      await work.begin({ id, names: [...names] });
    } else terminal.say('Going on with the evaluation that was cut off here');
    const names = new StudyNames(new Map(work.begun!.names));
    const report = await followEvaluation(client, work.begun!.id, names, terminal, signal);
    await deliver(report, names, out, terminal);
    over = true;
  } catch (error) {
    over = error instanceof CliError && error.code === 'job_failed';
    if (!(error instanceof APIError && error.code === 'no_model')) throw error;
    throw new CliError('usage', 'There is no model to evaluate.', 'Name the folder of one with --model.', error);
  } finally {
    stopping = true;
    await server.stop();
    if (over || !work.begun) await work.remove();
  }
}
