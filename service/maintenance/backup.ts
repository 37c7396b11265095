// A process that copies a database, while a service may be working on it. Prints one line of JSON.
// Usage: node dist/service/maintenance/backup.js FILE      (which database: OMNIREG_DATABASE, OMNIREG_DATA_DIR)
import { resolve } from 'node:path';
import { backupDatabase } from '../../store/backup.js';
import { databaseFileOf, resolveConfig } from '../config.js';

const [to] = process.argv.slice(2);
try {
  if (to === undefined) throw new Error('name the file of the copy');
  const database = databaseFileOf(resolveConfig({}, process.env));
  const file = resolve(to);
  print({ database, file, bytes: await backupDatabase(database, file) });
} catch (error) {
  print({ error: { message: (error as Error).message } });
  process.exitCode = 1;
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
