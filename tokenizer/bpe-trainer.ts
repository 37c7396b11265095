// Learns byte-level BPE merges (Sennrich et al. 2016; bytes as in GPT-2, Radford et al. 2019) from counted pieces of text.
import { TokenizerError } from './errors.js';

/**
 * How text is cut before merging; no merge crosses a cut. As GPT-2, but words end where camelCase begins a new one,
 * every digit is alone, so that `layer12` and `layer13` share all they can, combining marks stay with their letters,
 * and English contractions are not special.
 */
export const PIECE_PATTERN = [
  ' ?\\p{Lu}?[\\p{Ll}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+',
  ' ?\\p{Lu}+(?!\\p{Ll})',
  '\\p{N}',
  ' ?[^\\s\\p{L}\\p{M}\\p{N}]+',
  '\\s+(?!\\S)',
  '\\s+',
].join('|');

/** Longest learned token in bytes; bounds the characters that a given number of tokens can need. */
export const MAX_TOKEN_BYTES = 16;

/** Two tokens that become one, each in the byte alphabet. */
export type Merge = readonly [left: string, right: string];

/**
 * The printable character that stands for each byte in tokenizer files: itself where it is a visible Latin-1 character,
 * else the next one from U+0100 on (GPT-2's `bytes_to_unicode`, which the byte-level decoders of all libraries assume).
 */
export const BYTE_ALPHABET: readonly string[] = byteAlphabet();

function byteAlphabet(): string[] {
  let substitute = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(visible ? byte : substitute++);
  });
}

/** Counts the pieces of texts, each written in the byte alphabet. */
export function countPieces(texts: Iterable<string>): Map<string, number> {
  const pattern = new RegExp(PIECE_PATTERN, 'gu');
  const encoder = new TextEncoder();
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [piece] of text.matchAll(pattern)) {
      const bytes = Array.from(encoder.encode(piece), (byte) => BYTE_ALPHABET[byte]).join('');
      counts.set(bytes, (counts.get(bytes) ?? 0) + 1);
    }
  }
  return counts;
}

/** A pair of neighbours: how often it occurs, and in which pieces it may occur. */
interface Pair {
  left: string;
  right: string;
  count: number;
  pieces: Set<Piece>;
}

interface Piece {
  symbols: string[];
  count: number;
}

/**
 * Merges, in order, that add `tokens` new tokens to the 256 bytes: always the most frequent pair, of equally frequent
 * ones the first by code points, so that the same counts give the same merges everywhere.
 * @param pieceCounts as of `countPieces`
 * @throws TokenizerError CORPUS_TOO_SMALL where pairs that occur at least twice run out
 */
export function learnMerges(pieceCounts: ReadonlyMap<string, number>, tokens: number): Merge[] {
  const pairs = new PairTable();
  for (const [text, count] of pieceCounts) pairs.add({ symbols: [...text], count });
  const merges: Merge[] = [];
  const known = new Set<string>();
  while (known.size < tokens) {
    const best = pairs.mostFrequent();
    if (best === undefined || best.count < 2) {
      throw new TokenizerError(
        'CORPUS_TOO_SMALL',
        `learnMerges: the corpus yields ${known.size} of ${tokens} tokens; add text to tokenizer/corpus`,
      );
    }
    merges.push([best.left, best.right]);
    known.add(best.left + best.right);
    pairs.merge(best);
  }
  return merges;
}

/** Counts of neighbouring symbols, kept up to date as merges change the pieces. */
class PairTable {
  private readonly pairs = new Map<string, Pair>();

  add(piece: Piece): void {
    this.count(piece, 1);
  }

  mostFrequent(): Pair | undefined {
    let best: Pair | undefined;
    for (const pair of this.pairs.values()) if (best === undefined || precedes(pair, best)) best = pair;
    return best;
  }

  /** Replaces the pair by one symbol in every piece; only pieces that hold it are counted anew. */
  merge({ left, right, pieces }: Pair): void {
    for (const piece of pieces) {
      this.count(piece, -1);
      piece.symbols = joined(piece.symbols, left, right);
      this.count(piece, 1);
    }
    this.pairs.delete(`${left} ${right}`);
  }

  private count(piece: Piece, sign: 1 | -1): void {
    const { symbols, count } = piece;
    for (let index = 1; index < symbols.length; index += 1) {
      const [left, right] = [symbols[index - 1]!, symbols[index]!];
      if (left.length + right.length > MAX_TOKEN_BYTES) continue;
      // No symbol contains a space: the byte alphabet has none.
      const key = `${left} ${right}`;
      let pair = this.pairs.get(key);
      if (pair === undefined) {
        pair = { left, right, count: 0, pieces: new Set() };
        this.pairs.set(key, pair);
      }
      pair.count += sign * count;
      if (sign > 0) pair.pieces.add(piece);
    }
  }
}

const precedes = (a: Pair, b: Pair): boolean =>
  a.count !== b.count ? a.count > b.count : a.left !== b.left ? a.left < b.left : a.right < b.right;

function joined(symbols: readonly string[], left: string, right: string): string[] {
  const result: string[] = [];
  for (let index = 0; index < symbols.length; index += 1) {
    if (symbols[index] === left && symbols[index + 1] === right) {
      result.push(left + right);
      index += 1;
    } else {
      result.push(symbols[index]!);
    }
  }
  return result;
}
