// Processes that answer cells side by side: as many as there are cores, each given its next cell when it has answered one.
import { type ChildProcess, fork } from 'node:child_process';
import { packageFile } from '../../tokenizer/package-root.js';
import { TrainerError } from '../errors.js';
import type { Cell, CellScores } from './answer-cell.js';
import type { CellReply } from './cell-process.js';

const ENTRY = packageFile('dist', 'trainer', 'evaluation', 'cell-process.js');
/** What a process said last on stderr, for the error of a crash. */
const LAST_WORDS = 2000;

export interface Task<Key> {
  key: Key;
  /** Made when its turn has come. */
  cell: () => Promise<Cell>;
}

/**
 * Answers all tasks; they are begun in their order and end in any.
 * @param signal stops the processes at once; the promise then rejects with its reason
 * @throws TrainerError `evaluation` with what a process said where it ended
 */
export async function answerAll<Key>(
  tasks: readonly Task<Key>[],
  processes: number,
  onScores: (key: Key, scores: CellScores) => void,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const waiting = [...tasks];
  const children: ChildProcess[] = [];
  const lane = async () => {
    if (waiting.length === 0) return;
    const child = fork(ENTRY, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    children.push(child);
    const ask = asking(child);
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      const reply = await ask(await task.cell());
      if ('error' in reply) throw new TrainerError('evaluation', `A cell of the evaluation failed: ${reply.error}`);
      onScores(task.key, reply.scores);
    }
  };
  const stopped = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([Promise.all(Array.from({ length: processes }, lane)), stopped]);
  } finally {
    waiting.length = 0;
    for (const child of children) child.kill('SIGKILL');
  }
}

/** Sends a cell and waits for its answer, or for the end of the process. */
function asking(child: ChildProcess): (cell: Cell) => Promise<CellReply> {
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-LAST_WORDS);
  });
  const ended = new Promise<never>((_, reject) => {
    const fail = (how: string) =>
      reject(new TrainerError('evaluation', `A process of the evaluation ended (${how}): ${words.trim()}`));
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, by) => fail(by ?? `status ${code}`));
  });
  // Heard where it matters, in the race below; a process that is ended when all is done is no error.
  ended.catch(() => {});
  return (cell) => {
    const answered = new Promise<CellReply>((resolve) => child.once('message', (reply) => resolve(reply as CellReply)));
    child.send(cell);
    return Promise.race([answered, ended]);
  };
}
