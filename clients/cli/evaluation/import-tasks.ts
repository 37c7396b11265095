// Brings the tasks of a folder into a service, as studies, and says which study is which.
import type { EvaluationCreate, OmniReg } from '../../sdk/index.js';
import { CliError } from '../errors.js';
import { importFile, importFileDefaults } from '../import-file.js';
import { Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import type { FolderTask } from './folder.js';

/** @throws CliError nothing_imported where no row of any task could be used; of others, those left out are counted */
export async function importTasks(
  client: OmniReg,
  tasks: readonly FolderTask[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ request: Pick<EvaluationCreate, 'studies' | 'families'>; names: Map<string, string> }> {
  const progress = new Progress(terminal, 'import');
  const names = new Map<string, string>();
  const families: Record<string, string> = {};
  let trials = 0;
  let rejected = 0;
  for (const [i, task] of tasks.entries()) {
    const name = `${task.family}/${task.name}`;
    progress.update({ done: i, total: tasks.length, note: name });
    const report = await importFile(client, {
      ...importFileDefaults,
      path: task.csv,
      name: task.name,
      metadata: task.metadata,
      objectives: task.objectives,
      objectivesFrom: `${task.name}.json`,
      assumed: task.assumed,
      signal,
    });
    trials += report.imported;
    rejected += report.rejected;
    if (!report.study) continue;
    names.set(report.study.id, name);
    families[report.study.id] = task.family;
  }
  const mark = terminal.style('green', '✓');
  const left = rejected > 0 ? `, ${rejected} rows left out` : '';
  progress.finish(`${mark} imported ${trials} trials of ${names.size} tasks${left}`);
  if (names.size === 0) {
    throw new CliError(
      'nothing_imported',
      'No row of these tasks could be imported.',
      'See why with: omnireg import FILE',
    );
  }
  return { request: { studies: [...names.keys()], families }, names };
}
