// Rows that an import rejected: as errors to show, and as a file of the same form to mend and import.
import { open } from 'node:fs/promises';
import type { RowError } from '../../../service/tabular/row-errors.js';
import type { ImportReject, OmniReg } from '../../sdk/index.js';
import { CliError } from '../errors.js';

const PAGE = 1000;

/** All rejected rows of an import, in their order. */
export async function* rejectsOf(client: OmniReg, id: string, signal?: AbortSignal): AsyncGenerator<ImportReject> {
  for (let after = -1; ; ) {
    const { data, has_more: more } = await client.imports.listErrors(id, { limit: PAGE, after }, { signal });
    yield* data;
    if (!more) return;
    after = data.at(-1)!.row;
  }
}

export function toRowErrors({ line, errors }: ImportReject): RowError[] {
  return errors.map(({ code, detail, fix, column, value }) => ({
    line,
    ...(column === undefined ? {} : { column }),
    ...(value === undefined ? {} : { value }),
    code,
    what: detail,
    fix,
  }));
}

/**
 * Writes rejected rows as they stand in their table.
 * @param headBytes of the table that come first in any case: its header
 * @throws CliError file_unreadable
 */
export async function writeRejects(
  table: string,
  headBytes: number,
  rejects: AsyncIterable<ImportReject>,
  to: string,
): Promise<void> {
  const source = await open(table, 'r');
  try {
    const target = await open(to, 'w').catch((cause: unknown) => {
      throw new CliError(
        'file_unreadable',
        `${to} cannot be written (${(cause as Error).message}).`,
        'Name another file.',
        cause,
      );
    });
    try {
      const copy = async (offset: number, bytes: number) => {
        const { buffer } = await source.read(Buffer.allocUnsafe(bytes), 0, bytes, offset);
        const ends = buffer.at(-1) === 0x0a || buffer.at(-1) === 0x0d;
        await target.write(bytes === 0 || ends ? buffer : Buffer.concat([buffer, Buffer.from('\n')]));
      };
      await copy(0, headBytes);
      for await (const { offset, bytes } of rejects) await copy(offset, bytes);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
