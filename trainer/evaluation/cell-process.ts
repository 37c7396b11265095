// Entry of a process that answers cells, one after the other. Started by cell-pool.ts only; ends with the process that started it.
import { type OpenModel, openModel } from '../adapter-directory.js';
import { Inference } from '../model/inference.js';
import { answerCell, type Cell, type CellScores } from './answer-cell.js';

export type CellReply = { scores: CellScores } | { error: string };

let opened: { dir: string; model: OpenModel; inference: Inference } | undefined;

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));
process.on('message', (cell: Cell) => {
  void answer(cell).then((reply) => process.send?.(reply));
});

async function answer(cell: Cell): Promise<CellReply> {
  try {
    const { model, inference } = await open(cell.modelDir);
    return { scores: await answerCell(cell, model, inference) };
  } catch (error) {
    return { error: error instanceof Error ? `${error.stack}` : String(error) };
  }
}

/** One model at a time: folds follow one another. One thread: the cores are shared by processes. */
async function open(dir: string) {
  if (opened?.dir !== dir) {
    await opened?.inference.release();
    const model = await openModel(dir);
    opened = { dir, model, inference: new Inference({ ...model, lora: model.adapter?.lora }, 1) };
  }
  return opened;
}
