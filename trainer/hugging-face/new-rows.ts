// Values of embedding rows that a pretrained model lacks: those of its own rows, in the mean and in their spread.
import { Random } from '../random.js';

const NEW_ROWS_STREAM = 0x726f7773;

/** The mean of all rows of [n, columns]. */
export function meanRow(rows: Float32Array, columns: number): Float32Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows.length; i++) sums[i % columns]! += rows[i]!;
  return Float32Array.from(sums, (sum) => sum / (rows.length / columns));
}

/**
 * `count` rows that look to the model like rows it knows: normal numbers of each column's own mean and standard deviation.
 * The layers above were trained on inputs of that size. The mean alone (Hewitt, "Initializing new word embeddings for
 * pretrained language models", 2021), which is meant for rows that are written, would make all digits the same input.
 */
export function likeOtherRows(rows: Float32Array, columns: number, count: number, seed: number): Float32Array {
  const mean = meanRow(rows, columns);
  const squares = new Float64Array(columns);
  for (let i = 0; i < rows.length; i++) squares[i % columns]! += (rows[i]! - mean[i % columns]!) ** 2;
  const deviation = squares.map((square) => Math.sqrt(square / (rows.length / columns)));
  const random = new Random(seed, NEW_ROWS_STREAM);
  return Float32Array.from({ length: count * columns }, (_, i) => {
    const column = i % columns;
    return mean[column]! + deviation[column]! * random.normal();
  });
}
