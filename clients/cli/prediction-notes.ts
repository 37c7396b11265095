// What predictions warn of, folded: a note a kind of warning with how many queries it is of, however many rows were asked about.
import type { PredictionResult } from '../sdk/index.js';

/** Notes that are shown; `--json` has every warning beside its prediction. */
const MAX_NOTES = 12;
/** `'level' 12 is new: …`: rows with another value there say the same. */
const VALUE = /^('.+?' ).+? (is new\b)/s;

/**
 * @param labels of the queries, in the order of the predictions
 * @param told names of parameters that have been noted as strange already
 */
export function predictionNotes(
  predictions: PredictionResult['predictions'],
  labels: readonly string[],
  told: readonly string[] = [],
): string[] {
  const kinds = new Map<string, { sentence: string; first: string; queries: number }>();
  predictions.forEach(({ warnings }, i) => {
    for (const sentence of warnings) {
      if (told.some((name) => sentence.startsWith(`'${name}' `) && sentence.includes('no trial of the study has'))) {
        continue;
      }
      const key = sentence.replace(VALUE, '$1$2');
      const kind = kinds.get(key);
      if (kind) kind.queries++;
      else kinds.set(key, { sentence, first: labels[i]!, queries: 1 });
    }
  });
  const found = [...kinds.values()].sort((a, b) => b.queries - a.queries);
  const notes = found.slice(0, MAX_NOTES).map(({ sentence, first, queries }) => {
    const others = queries === 1 ? '' : `, and ${queries - 1} more like it`;
    return `${sentence} (${first}${others})`;
  });
  const rest = found.length - notes.length;
  if (rest > 0) notes.push(`${rest} more kinds of warnings; --json has them all.`);
  return notes;
}
