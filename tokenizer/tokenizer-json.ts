// The learned vocabulary as a standard Hugging Face `tokenizer.json`, which any tokenizers library reads.
import { BYTE_ALPHABET, type Merge, PIECE_PATTERN } from './bpe-trainer.js';
import { CONTROL_TOKENS, NAMED_TOKENS, TEXT_BEGIN } from './vocabulary.js';

export interface TokenizerJson {
  added_tokens: AddedToken[];
  model: { type: 'BPE'; vocab: Record<string, number>; merges: string[]; [setting: string]: unknown };
  [section: string]: unknown;
}

export interface AddedToken {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

/** What `PreTrainedTokenizer` wants beside `tokenizer.json`, saved as `tokenizer_config.json`. */
export const TOKENIZER_CONFIG = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  pad_token: '<pad>',
  eos_token: '</s>',
  unk_token: '<unk>',
  // Off, as it would rewrite decoded text: " ." to ".".
  clean_up_tokenization_spaces: false,
};

/** Named tokens keep their ids, then come the bytes, then one token per new merge result, in order. */
export function tokenizerJson(merges: readonly Merge[]): TokenizerJson {
  const vocab: Record<string, number> = {};
  NAMED_TOKENS.forEach((name, id) => {
    vocab[name] = id;
  });
  [...BYTE_ALPHABET].sort().forEach((byte, index) => {
    vocab[byte] = TEXT_BEGIN + index;
  });
  let next = TEXT_BEGIN + BYTE_ALPHABET.length;
  for (const [left, right] of merges) if (!Object.hasOwn(vocab, left + right)) vocab[left + right] = next++;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: NAMED_TOKENS.map(addedToken),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: PIECE_PATTERN }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: merges.map(([left, right]) => `${left} ${right}`),
    },
  };
}

/** Found anywhere in a text. Only T5's own are `special`, so that decoding with `skip_special_tokens` keeps numbers and structure. */
export const addedToken = (content: string, id: number): AddedToken => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: (CONTROL_TOKENS as readonly string[]).includes(content),
});
