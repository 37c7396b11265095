// Text to token ids and back: named tokens by table, text through @xenova/transformers behind a cache.
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PreTrainedTokenizer } from '@xenova/transformers';
import { MAX_TOKEN_BYTES } from './bpe-trainer.js';
import { TokenizerError } from './errors.js';
import { longestPiece, namedBeginOf, type UnigramJson, unigramSize } from './foreign-vocabulary.js';
import { packageFile } from './package-root.js';
import { RecentCache } from './recent-cache.js';
import { TOKENIZER_CONFIG, type TokenizerJson } from './tokenizer-json.js';
import { NAMED_TOKENS, NUMBER_BEGIN, tokenId, VOCABULARY_SIZE } from './vocabulary.js';
import { fromFileId, toFileId } from './vocabulary-layout.js';

/** Tokens that a piece of user text (a key or a string) may take before it is cut. */
export const DEFAULT_MAX_TEXT_TOKENS = 64;

/** Texts kept per cache generation, and the longest text worth keeping: about 10 MB at the very most. */
const CACHED_TEXTS = 20_000;
const CACHED_CHARACTERS = 64;

const CUT_ID = tokenId('⟨cut⟩');
const ID_OF_NAME: ReadonlyMap<string, number> = new Map(NAMED_TOKENS.map((name, id) => [name, id]));
const LONGEST_NAME = Math.max(...NAMED_TOKENS.map((name) => name.length));

export class Tokenizer {
  private readonly cache = new RecentCache<readonly number[]>(CACHED_TEXTS);
  /** Characters that surely fill `maxTextTokens`: no token is longer than the longest, no character shorter than a byte. */
  private readonly maxCharacters: number;

  private constructor(
    private readonly library: PreTrainedTokenizer,
    private readonly layout: Layout,
    readonly maxTextTokens: number,
  ) {
    this.maxCharacters = maxTextTokens * layout.longestToken;
  }

  /** Ids in all, named tokens and text. */
  get size(): number {
    return this.layout.size;
  }

  /**
   * Reads a tokenizer from local files; nothing is ever fetched. It may be OmniReg's own or one with the named tokens added
   * (foreign-vocabulary.ts); ids are the same for named tokens in both, and text comes behind them.
   * @param path a `tokenizer.json` or a folder that holds one, such as a model's; absent: OmniReg's own vocabulary
   * @param maxTextTokens a key or string of more tokens is cut to this many, followed by `⟨cut⟩`
   * @throws TokenizerError TOKENIZER_UNREADABLE, TOKENIZER_MISMATCH
   */
  static async load(path?: string, maxTextTokens = DEFAULT_MAX_TEXT_TOKENS): Promise<Tokenizer> {
    const file = await resolveFile(path ?? packageFile('tokenizer', 'tokenizer.json'));
    const json = (await readJson(file)) as TokenizerJson | UnigramJson;
    const layout = layoutOf(json, file);
    const config = await readJson(join(dirname(file), 'tokenizer_config.json')).catch(() => TOKENIZER_CONFIG);
    // Loaded late: it brings ONNX Runtime and sharp along (about 40 MB and 150 ms). Telemetry must be off before.
    process.env.ORT_DISABLE_TELEMETRY ??= '1';
    const { PreTrainedTokenizer, env } = await import('@xenova/transformers');
    env.allowRemoteModels = false;
    const library = new PreTrainedTokenizer(json, { ...(config as object), clean_up_tokenization_spaces: false });
    return new Tokenizer(library, layout, maxTextTokens);
  }

  /**
   * Token ids of canonical text (`serialize`); the same as the library gives for the whole text, but for text that is
   * cut. No end of sequence is added.
   */
  encode(text: string): number[] {
    const ids: number[] = [];
    let textStart = 0;
    // By hand, as the match objects of a regular expression took a third of the time.
    for (let index = nextOpener(text, 0); index < text.length; index = nextOpener(text, index)) {
      const id = namedTokenAt(text, index);
      if (id === undefined) {
        index += 1;
        continue;
      }
      if (index > textStart) this.encodeText(text.slice(textStart, index), ids);
      ids.push(id);
      index += NAMED_TOKENS[id]!.length;
      textStart = index;
    }
    if (textStart < text.length) this.encodeText(text.slice(textStart), ids);
    return ids;
  }

  /** Token ids of each entry of `serializeEntries`, apart, so that callers can drop whole entries to fit a budget. */
  encodeEntries(entries: readonly string[]): number[][] {
    return entries.map((entry) => this.encode(entry));
  }

  /** The text of token ids. Text that was cut within a character ends in U+FFFD. */
  decode(ids: readonly number[]): string {
    const unknown = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= this.size);
    if (unknown !== undefined) {
      throw new TokenizerError('TOKEN_UNKNOWN', `decode: ids must be integers in 0..${this.size - 1}, got ${unknown}`);
    }
    if (ids.length === 0) return '';
    const fileIds = ids.map((id) => toFileId(id, this.layout.namedBegin));
    return this.library.decode(fileIds, { skip_special_tokens: false });
  }

  /** Appends the ids of text that holds no named token. */
  private encodeText(text: string, ids: number[]): void {
    let tokens = this.cache.get(text);
    if (tokens === undefined) {
      tokens = this.cutText(text);
      if (text.length <= CACHED_CHARACTERS) this.cache.set(text, tokens);
    }
    for (const token of tokens) ids.push(token);
  }

  /** Characters beyond any need are dropped before BPE, whose cost would grow with them. */
  private cutText(text: string): number[] {
    const long = text.length > this.maxCharacters;
    const fileIds = this.library.encode(long ? wholeCharacters(text, this.maxCharacters) : text, {
      add_special_tokens: false,
    });
    const tokens = fileIds.map((id) => fromFileId(id, this.layout.namedBegin));
    if (!long && tokens.length <= this.maxTextTokens) return tokens;
    return [...tokens.slice(0, this.maxTextTokens), CUT_ID];
  }
}

const MATHEMATICAL_OPENER = '⟨'.charCodeAt(0);
const MATHEMATICAL_CLOSER = '⟩'.charCodeAt(0);
const ASCII_OPENER = '<'.charCodeAt(0);
const ASCII_CLOSER = '>'.charCodeAt(0);

/** Index of the first bracket that may open a name, from `start` on; the text's length where there is none. */
function nextOpener(text: string, start: number): number {
  let index = start;
  while (index < text.length) {
    const unit = text.charCodeAt(index);
    if (unit === MATHEMATICAL_OPENER || unit === ASCII_OPENER) break;
    index += 1;
  }
  return index;
}

/** Id of the token whose name begins at a bracket. No name is the beginning of another, so the first close ends it. */
function namedTokenAt(text: string, start: number): number | undefined {
  const close = text.charCodeAt(start) === MATHEMATICAL_OPENER ? MATHEMATICAL_CLOSER : ASCII_CLOSER;
  const limit = Math.min(text.length, start + LONGEST_NAME);
  for (let index = start + 1; index < limit; index += 1) {
    if (text.charCodeAt(index) === close) return ID_OF_NAME.get(text.slice(start, index + 1));
  }
  return undefined;
}

/** The first `length` characters, less one where that would halve a surrogate pair. */
function wholeCharacters(text: string, length: number): string {
  const next = text.charCodeAt(length);
  return text.slice(0, next >= 0xdc00 && next <= 0xdfff ? length - 1 : length);
}

async function resolveFile(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new TokenizerError('TOKENIZER_UNREADABLE', `${path}: no such file or folder`, { cause });
  });
  return found.isDirectory() ? join(path, 'tokenizer.json') : path;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new TokenizerError('TOKENIZER_UNREADABLE', `${file}: ${(cause as Error).message}`, { cause });
  }
}

/** How a vocabulary's ids relate to those that prompts are made of. */
interface Layout {
  namedBegin: number;
  size: number;
  /** Characters, or bytes where tokens are made of bytes. */
  longestToken: number;
}

function layoutOf(json: TokenizerJson | UnigramJson, file: string): Layout {
  if (json?.model?.type === 'Unigram') {
    const foreign = json as UnigramJson;
    return {
      namedBegin: namedBeginOf(foreign, file),
      size: unigramSize(foreign),
      longestToken: longestPiece(foreign),
    };
  }
  checkVocabulary(json as TokenizerJson, file);
  return { namedBegin: NUMBER_BEGIN, size: VOCABULARY_SIZE, longestToken: MAX_TOKEN_BYTES };
}

/** Number codecs and prompts write ids without asking the file, so the file must agree with the table. */
function checkVocabulary(json: TokenizerJson, file: string): void {
  const vocab = json?.model?.vocab ?? {};
  const name = NAMED_TOKENS.find((token, id) => vocab[token] !== id);
  if (name !== undefined) {
    throw new TokenizerError(
      'TOKENIZER_MISMATCH',
      `${file}: ${name} must be token ${tokenId(name)}, but is ${vocab[name] ?? 'absent'}; it is not a tokenizer of this version of OmniReg`,
    );
  }
  const size = Object.keys(vocab).length;
  if (size !== VOCABULARY_SIZE) {
    throw new TokenizerError('TOKENIZER_MISMATCH', `${file}: expected ${VOCABULARY_SIZE} tokens, found ${size}`);
  }
}
