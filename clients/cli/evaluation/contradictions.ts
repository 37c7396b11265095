// Options that say nothing beside the others: whoever gave them expects something else than what would happen.
import { CliError } from '../errors.js';

interface Given {
  folder: string | undefined;
  protocol: string;
  /** Whether the option was written, and is no default. */
  isGiven: (option: string) => boolean;
}

/** @throws CliError usage that names the option and what to do */
export function refuseContradictions({ folder, protocol, isGiven }: Given): void {
  const first = (...options: string[]) => options.find(isGiven);
  const ofService = first('study', 'all');
  if (folder !== undefined && ofService) {
    const fix = `Leave out one of them; studies of a service need no folder: omnireg evaluate --${ofService}.`;
    throw new CliError('usage', `A folder of tasks and --${ofService} are two sets of studies.`, fix);
  }
  if (isGiven('study') && isGiven('all'))
    throw new CliError('usage', '--study and --all are two sets of studies.', 'Leave out one of them.');
  const ofFolder = folder === undefined && first('family', 'use', 'tasks');
  if (ofFolder) {
    const message = `--${ofFolder} chooses among the tasks of a folder, and no folder is named.`;
    throw new CliError('usage', message, 'Name the folder; of a service choose studies with --study.');
  }
  const ofTraining = protocol === 'out' && first('set', 'folds');
  if (ofTraining) {
    const message = `--${ofTraining} is about trainings in distribution, and --protocol out has none.`;
    throw new CliError('usage', message, `Add --protocol in or both, or leave out --${ofTraining}.`);
  }
}
