// Learns the vocabulary from tokenizer/corpus and writes tokenizer.json and tokenizer_config.json beside it.
// `--check` writes nothing and fails where the committed files are not what the corpus gives.
import { readFileSync, writeFileSync } from 'node:fs';
import { countPieces, learnMerges } from './bpe-trainer.js';
import { readCorpus } from './corpus.js';
import { packageFile } from './package-root.js';
import { TOKENIZER_CONFIG, tokenizerJson } from './tokenizer-json.js';
import { TEXT_BEGIN, VOCABULARY_SIZE } from './vocabulary.js';

const BYTES = 256;

/** Path → content of the generated files. Deterministic. */
export function generateVocabulary(): Map<string, string> {
  const pieces = countPieces(readCorpus(packageFile('tokenizer', 'corpus')));
  const json = tokenizerJson(learnMerges(pieces, VOCABULARY_SIZE - TEXT_BEGIN - BYTES));
  return new Map([
    [packageFile('tokenizer', 'tokenizer.json'), `${JSON.stringify(json, null, 2)}\n`],
    [packageFile('tokenizer', 'tokenizer_config.json'), `${JSON.stringify(TOKENIZER_CONFIG, null, 2)}\n`],
  ]);
}

/** Generated files whose committed content differs. */
export function staleFiles(): string[] {
  return [...generateVocabulary()].filter(([path, content]) => readOrEmpty(path) !== content).map(([path]) => path);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function main(args: readonly string[]): void {
  if (!args.includes('--check')) {
    for (const [path, content] of generateVocabulary()) writeFileSync(path, content);
    return;
  }
  const stale = staleFiles();
  if (stale.length === 0) return;
  process.stderr.write(`out of date: ${stale.join(', ')}; run train-vocabulary without --check\n`);
  process.exitCode = 1;
}

if (process.argv[1] === import.meta.filename) main(process.argv.slice(2));
