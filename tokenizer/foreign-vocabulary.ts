// A vocabulary that was learned elsewhere (SentencePiece Unigram, as T5's) and OmniReg's named tokens in one tokenizer.json.
import { TokenizerError } from './errors.js';
import { type AddedToken, addedToken } from './tokenizer-json.js';
import { CONTROL_TOKENS, NAMED_TOKENS, NUMBER_BEGIN, UNK_ID } from './vocabulary.js';
import { NAMED_BLOCK, toFileId } from './vocabulary-layout.js';

/** A `tokenizer.json` whose model is a list of pieces with their scores; a piece's place is its id. */
export interface UnigramJson {
  added_tokens: AddedToken[];
  model: { type: 'Unigram'; unk_id: number; vocab: [piece: string, score: number][]; [setting: string]: unknown };
  [section: string]: unknown;
}

/** Tokens of the file: pieces, and added tokens behind them. */
export function unigramSize({ model, added_tokens }: UnigramJson): number {
  return added_tokens.reduce((size, { id }) => Math.max(size, id + 1), model.vocab.length);
}

/**
 * The tokenizer with the named tokens behind its own, in their order: where `add_tokens` of any tokenizers library would put
 * them, so that stock tools give the same ids.
 * @throws TokenizerError TOKENIZER_UNSUPPORTED unless it is a T5 tokenizer: Unigram, with <pad>, </s>, <unk> as 0, 1, 2
 */
export function withNamedTokens(json: UnigramJson, file: string): UnigramJson {
  const refuse = (why: string): never => {
    throw new TokenizerError(
      'TOKENIZER_UNSUPPORTED',
      `${file}: ${why}; use the tokenizer.json of a T5 v1.1 or FLAN-T5`,
    );
  };
  const type = json.model?.type;
  if (type !== 'Unigram') return refuse(`model.type is ${JSON.stringify(type)}, not "Unigram"`);
  CONTROL_TOKENS.forEach((name, id) => {
    const piece = json.model.vocab[id]?.[0];
    if (piece !== name) refuse(`model.vocab[${id}] is ${JSON.stringify(piece)}, not ${JSON.stringify(name)}`);
  });
  if (json.model.unk_id !== UNK_ID) refuse(`model.unk_id is ${json.model.unk_id}, not ${UNK_ID}`);
  const pieces = new Set(json.model.vocab.map(([piece]) => piece));
  const taken = NAMED_TOKENS.slice(NUMBER_BEGIN).find((name) => pieces.has(name));
  if (taken !== undefined) refuse(`${taken} is among its pieces, where OmniReg's own token would have its name`);
  const added = json.added_tokens ?? [];
  const begin = unigramSize({ ...json, added_tokens: added });
  const named = NAMED_TOKENS.slice(NUMBER_BEGIN).map((name, i) => addedToken(name, begin + i));
  return { ...json, added_tokens: [...added, ...named] };
}

/**
 * File id of the first named token of a tokenizer made by `withNamedTokens`.
 * @throws TokenizerError TOKENIZER_MISMATCH where named tokens are absent or stand elsewhere
 */
export function namedBeginOf(json: UnigramJson, file: string): number {
  const idOf = new Map(json.added_tokens.map(({ content, id }) => [content, id]));
  const begin = unigramSize(json) - NAMED_BLOCK;
  const wrong = NAMED_TOKENS.findIndex((name, id) => id >= NUMBER_BEGIN && idOf.get(name) !== toFileId(id, begin));
  if (wrong < 0) return begin;
  const name = NAMED_TOKENS[wrong]!;
  throw new TokenizerError(
    'TOKENIZER_MISMATCH',
    `${file}: ${name} must be token ${toFileId(wrong, begin)}, but is ${idOf.get(name) ?? 'absent'}; import the model it belongs to`,
  );
}

/** Characters of the longest piece. */
export function longestPiece({ model }: UnigramJson): number {
  return model.vocab.reduce((longest, [piece]) => Math.max(longest, piece.length), 1);
}
