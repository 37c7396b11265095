// A copy of a database on this machine, made by a process of the service's.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CliError } from './errors.js';
import { packageRoot } from './package-root.js';

export interface DatabaseBackup {
  database: string;
  file: string;
  bytes: number;
}

/**
 * Copies the database as it is now, while a service may be working on it.
 * @param database Absent: the one of OMNIREG_DATABASE or OMNIREG_DATA_DIR, else of .omnireg.
 * @throws CliError database_unusable
 */
export async function backupDatabase(database: string | undefined, to: string): Promise<DatabaseBackup> {
  const entry = fileURLToPath(new URL('dist/service/maintenance/backup.js', packageRoot));
  const env = { ...process.env, ...(database === undefined ? {} : { OMNIREG_DATABASE: database }) };
  const said = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [entry, to], { env }, (error, stdout, stderr) => {
      if (stdout.trim() !== '') resolve(stdout);
      else
        reject(
          new CliError(
            'server_failed',
            `The process ended without a word (${stderr.trim() || error?.message}).`,
            'Run: npm run build',
          ),
        );
    });
  });
  const answer = JSON.parse(said) as DatabaseBackup & { error?: { message: string } };
  if (answer.error === undefined) return answer;
  throw new CliError('database_unusable', `${answer.error.message}.`, 'Name a database with --db FILE.');
}
