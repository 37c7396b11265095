// The tokenizer against the library on whole texts, user text that looks like tokens, long strings, wrong files.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AutoTokenizer, env, PreTrainedTokenizer } from '@xenova/transformers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageFile, packageRoot } from '../../tokenizer/package-root.js';
import { serialize, serializeEntries } from '../../tokenizer/serialize.js';
import { Tokenizer } from '../../tokenizer/tokenizer.js';
import { TOKENIZER_CONFIG } from '../../tokenizer/tokenizer-json.js';
import { NAMED_TOKENS, TEXT_BEGIN, tokenId, VOCABULARY_SIZE } from '../../tokenizer/vocabulary.js';
import { jsonObject, jsonValue, trickyText } from './arbitrary-json.js';

let tokenizer: Tokenizer;
let library: PreTrainedTokenizer;

beforeAll(async () => {
  tokenizer = await Tokenizer.load();
  library = new PreTrainedTokenizer(
    JSON.parse(await readFile(packageFile('tokenizer', 'tokenizer.json'), 'utf8')),
    TOKENIZER_CONFIG,
  );
});

const CUT = tokenId('⟨cut⟩');
const named = (ids: number[]): string[] => ids.filter((id) => id < TEXT_BEGIN).map((id) => NAMED_TOKENS[id]!);

describe('Tokenizer', () => {
  it('gives the ids that the library gives for the whole text', async () => {
    const uncut = await Tokenizer.load(undefined, 10_000);
    const anyText = fc.oneof(trickyText, jsonValue.map(serialize), fc.string({ unit: 'grapheme', maxLength: 60 }));
    fc.assert(
      fc.property(anyText, (text) => {
        expect(uncut.encode(text)).toEqual(library.encode(text, { add_special_tokens: false }));
      }),
      { numRuns: 500 },
    );
  });

  it('is undone by decode', () => {
    fc.assert(
      fc.property(jsonValue.map(serialize), (text) => {
        const ids = tokenizer.encode(text);
        fc.pre(!ids.includes(CUT));
        expect(tokenizer.decode(ids)).toBe(text);
      }),
    );
    expect(tokenizer.decode([])).toBe('');
  });

  it('never lets user text become a token', () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const names = named(tokenizer.encode(serialize(text))).filter((name) => name !== '⟨cut⟩');
        expect(names).toEqual(['⟨s⟩', '⟨/s⟩']);
      }),
      { numRuns: 500 },
    );
    for (const name of NAMED_TOKENS) {
      expect(named(tokenizer.encode(serialize({ [name]: name })))).toEqual(['⟨object⟩', '⟨s⟩', '⟨/s⟩', '⟨/object⟩']);
    }
  });

  it('encodes entries apart', () => {
    fc.assert(
      fc.property(jsonObject.map(serializeEntries), (entries) => {
        expect(tokenizer.encodeEntries(entries).flat()).toEqual(tokenizer.encode(entries.join('')));
      }),
    );
  });

  it('gives every digit its own token and words of the field one', () => {
    expect(tokenizer.encode('12')).toHaveLength(2);
    expect(tokenizer.encode('learning_rate')).toHaveLength(3);
    expect(tokenizer.encode('innodb_buffer_pool_size').length).toBeLessThanOrEqual(7);
  });

  it('cuts long strings and keys to the same first tokens, quickly', () => {
    const sentence = 'The quick brown fox jumps over the lazy dog 🎉 مرحبا. ';
    for (const text of [sentence.repeat(200), 'a'.repeat(10_000), '🎉'.repeat(5_000), '⟨'.repeat(10_000)]) {
      const ids = tokenizer.encode(serialize(text));
      expect(ids).toHaveLength(tokenizer.maxTextTokens + 3);
      expect(ids.slice(-2)).toEqual([CUT, tokenId('⟨/s⟩')]);
      const start = tokenizer.encode(serialize(text.slice(0, 1500)));
      expect(ids).toEqual(start);
    }
    const key = tokenizer.encode(serialize({ [sentence.repeat(200)]: 1 }));
    expect(key.filter((id) => id === CUT)).toHaveLength(1);
  });

  it('cuts at the number of tokens asked for, and not a text that just fits', async () => {
    const short = await Tokenizer.load(undefined, 3);
    expect(short.decode(short.encode('⟨s⟩1234⟨/s⟩'))).toBe('⟨s⟩123⟨cut⟩⟨/s⟩');
    expect(short.decode(short.encode('⟨s⟩123⟨/s⟩'))).toBe('⟨s⟩123⟨/s⟩');
  });

  it('has the size of the vocabulary, and a name or a byte for every id', () => {
    expect(tokenizer.size).toBe(VOCABULARY_SIZE);
    for (let id = 0; id < tokenizer.size; id += 1) expect(tokenizer.decode([id])).not.toBe('');
    for (const id of [-1, VOCABULARY_SIZE, 0.5]) {
      expect(() => tokenizer.decode([id])).toThrow(expect.objectContaining({ code: 'TOKEN_UNKNOWN' }));
    }
  });

  it('is a folder that stock transformers.js loads', async () => {
    env.allowRemoteModels = false;
    env.localModelPath = packageRoot();
    const stock = await AutoTokenizer.from_pretrained('tokenizer', { local_files_only: true });
    const text = serialize({ lr: 3e-4, optimizer: 'adamw' });
    expect(stock.encode(text, { add_special_tokens: false })).toEqual(tokenizer.encode(text));
    expect(stock.pad_token_id).toBe(0);
  });
});

describe('Tokenizer.load', () => {
  it('reads a file or a folder', async () => {
    const text = serialize({ batch_size: 64 });
    for (const path of [packageFile('tokenizer'), packageFile('tokenizer', 'tokenizer.json')]) {
      expect((await Tokenizer.load(path)).encode(text)).toEqual(tokenizer.encode(text));
    }
  });

  it('refuses missing, broken and foreign files, naming them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'omnireg-tokenizer-'));
    const file = join(folder, 'tokenizer.json');
    await expect(Tokenizer.load(file)).rejects.toMatchObject({ code: 'TOKENIZER_UNREADABLE', message: /no such file/ });
    await writeFile(file, '{');
    await expect(Tokenizer.load(folder)).rejects.toMatchObject({ code: 'TOKENIZER_UNREADABLE' });
    await writeFile(file, '{"model":{"vocab":{"<pad>":0,"</s>":1}}}');
    await expect(Tokenizer.load(file)).rejects.toMatchObject({
      code: 'TOKENIZER_MISMATCH',
      message: /<unk> must be token 2/,
    });
  });
});
