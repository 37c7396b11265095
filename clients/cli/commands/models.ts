// omnireg models: list, show, delete, download.
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import type { Model } from '../../sdk/index.js';
import { confirm } from '../confirm.js';
import { CliError } from '../errors.js';
import {
  addDefaultList,
  addShow,
  columnsOf,
  details,
  type ListingOptions,
  pageSize,
  shortTime,
  writeList,
} from '../listing.js';
import { contextOf, text } from '../options.js';
import { Progress } from '../progress.js';
import { formatNumber } from '../table.js';

export function addModelsCommand(program: Command): void {
  const models = program.command('models').description('list, show, download and delete models');
  addDefaultList(models, 'list models, newest first', listModels)
    .option('--parent <model>', 'only those whose training started from this one', text)
    .option('--base <model>', 'only adapters that stand beside this one', text);
  addShow(models, {
    description: 'show a model: where it comes from, what it learned from, how good it was',
    of: 'model',
    get: (client, id, options) => client.models.get(id, options),
    describe: describeModel,
  });
  models
    .command('download')
    .description('write the files of a model to a zip file')
    .argument('<model>', 'id of the model')
    .option('--out <file>', 'where to; - writes to stdout (default: MODEL.zip)', text)
    .action(downloadModel);
  models
    .command('delete')
    .description('delete models and their files')
    .argument('<models...>', 'ids')
    .option('--yes', 'do not ask', false)
    .action(async (ids: string[], { yes }: { yes: boolean }, command: Command) => {
      const { terminal, client, signal } = contextOf(command);
      for (const id of ids) await client.models.get(id, { signal });
      await confirm(ids.join(', '), yes, signal);
      for (const id of ids) await client.models.delete(id, { signal });
      terminal.result({ deleted: ids });
      terminal.say(`${terminal.style('green', '✓')} deleted ${ids.join(', ')}`);
    });
}

async function listModels(
  { parent, base, ...options }: ListingOptions & { parent?: string; base?: string },
  command: Command,
): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  await writeList(terminal, options, {
    entries: client.models.list({ limit: pageSize(options), parent, base }, { signal }),
    columns: columnsOf('id', 'kind', 'published', '#studies', 'parent', 'created (UTC)'),
    cells: (model) => [
      model.id,
      model.base === null ? 'model' : 'adapter',
      model.published ? 'yes' : 'no',
      String(model.study_ids.length),
      model.parent ?? '–',
      shortTime(model.created_at),
    ],
    none: 'There are no models. Train one: omnireg train --all',
  });
}

/** In one go or not at all: the file has its name when it is whole. */
async function downloadModel(id: string, { out = `${id}.zip` }: { out?: string }, command: Command): Promise<void> {
  const { terminal, client, signal } = contextOf(command);
  if (out === '-' && terminal.json) {
    throw new CliError(
      'usage',
      '--out - writes the zip to stdout, where --json would write.',
      'Leave out one of them.',
    );
  }
  const response = await client.models.download(id, { signal });
  const progress = new Progress(terminal, 'download');
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      progress.update({ done: bytes, note: 'bytes' });
      done(null, chunk);
    },
  });
  const source = Readable.fromWeb(response.body as ReadableStream);
  const part = `${out}.part`;
  try {
    if (out === '-') await pipeline(source, counted, process.stdout, { end: false, signal });
    else {
      await pipeline(source, counted, createWriteStream(part), { signal });
      await rename(part, out);
    }
  } catch (error) {
    await rm(part, { force: true });
    if (signal.aborted || !(error instanceof Error && 'syscall' in error)) throw error;
    throw new CliError(
      'file_unreadable',
      `${out} could not be written: ${error.message}.`,
      'Name another with --out.',
      error,
    );
  } finally {
    progress.finish();
  }
  terminal.result({ model: id, file: out, bytes });
  if (out !== '-' && !terminal.json) terminal.data(out);
}

function describeModel({ id, base, parent, published, job_id, study_ids, metrics, config, created_at }: Model): string {
  const figures = Object.entries(metrics).map(([name, value]) => `${name} ${formatNumber(value, 4)}`);
  return details({
    id,
    kind: base === null ? 'whole model' : `adapter of ${base}`,
    published: published ? 'yes' : 'no: it answers only where it is named',
    parent: parent ?? undefined,
    'made by': job_id,
    'learned from': study_ids.join('\n') || 'no study',
    metrics: figures.join('\n') || undefined,
    config: JSON.stringify(config, null, 2),
    created: created_at,
  });
}
