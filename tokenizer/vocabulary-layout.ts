// Where tokens stand in a model's files. Codecs and prompts know one numbering: control, named tokens, text. A vocabulary
// that was learned elsewhere keeps its own ids in the files and has the named tokens as one block behind them.
import { NUMBER_BEGIN, TEXT_BEGIN } from './vocabulary.js';

/** Named tokens but for the three of control, which have the ids 0, 1 and 2 on both sides. */
export const NAMED_BLOCK = TEXT_BEGIN - NUMBER_BEGIN;

/**
 * The id in a model's files of a token.
 * @param namedBegin file id of the first named token; NUMBER_BEGIN in OmniReg's own vocabulary, where both ids are the same
 */
export function toFileId(id: number, namedBegin: number): number {
  if (id < NUMBER_BEGIN) return id;
  if (id < TEXT_BEGIN) return namedBegin + id - NUMBER_BEGIN;
  // Text is numbered through, around the block.
  return id - NAMED_BLOCK < namedBegin ? id - NAMED_BLOCK : id;
}

/** The reverse of `toFileId`. */
export function fromFileId(fileId: number, namedBegin: number): number {
  if (fileId < NUMBER_BEGIN) return fileId;
  if (fileId < namedBegin) return fileId + NAMED_BLOCK;
  if (fileId < namedBegin + NAMED_BLOCK) return NUMBER_BEGIN + fileId - namedBegin;
  return fileId;
}
