// Smaller files of the same weights, offered only where they answer as well: measured on the trials that training held back.
import type { Device } from '../devices/device.js';
import { TrainerError } from '../errors.js';
import type { Precision } from '../model/precision.js';

/** The precisions that a model may be offered in beside float32. */
export type SmallPrecision = Exclude<Precision, 'float32'>;
const SMALL_PRECISIONS: readonly SmallPrecision[] = ['float16', 'int8'];

/** A score or an error may exceed float32's by this share. */
const MAX_LOSS = 0.01;

/** The figures of validation that are compared: see `ValidationAnswers`. Lower is better in both. */
interface Measured {
  score: number;
  error: number;
}

export interface ExportReport {
  offered: boolean;
  /** In words, for people. */
  reason: string;
  /** Absent where there was nothing to measure on. */
  validation_score?: number;
  validation_error?: number;
}

export type ExportReports = Record<SmallPrecision, ExportReport>;

/**
 * Measures each smaller precision against float32.
 * @param float32 what the model answers with the weights as they are; undefined where no trials were held back
 * @param measure the same questions in another precision
 */
export async function measureExports(
  float32: Measured | undefined,
  measure: (precision: SmallPrecision) => Promise<Measured | undefined>,
): Promise<ExportReports> {
  const reports: Partial<ExportReports> = {};
  for (const precision of SMALL_PRECISIONS) {
    const measured = float32 && (await measure(precision));
    reports[precision] = float32 && measured ? compare(measured, float32) : UNMEASURED;
  }
  return reports as ExportReports;
}

const UNMEASURED: ExportReport = { offered: false, reason: 'No trials were held back to measure it on.' };

function compare(measured: Measured, float32: Measured): ExportReport {
  // NaN compares false, so a precision that breaks the model is never offered.
  const within = (kind: keyof Measured) => measured[kind] <= (1 + MAX_LOSS) * float32[kind];
  const offered = within('score') && within('error');
  const against = (kind: keyof Measured) =>
    `${kind} ${measured[kind].toPrecision(4)} against ${float32[kind].toPrecision(4)}`;
  const reason = `${offered ? 'Within' : 'Beyond'} 1% of float32: ${against('score')}, ${against('error')}.`;
  return { offered, reason, validation_score: measured.score, validation_error: measured.error };
}

/** The smaller precisions that the files are written in. */
export function offeredPrecisions(reports: ExportReports | undefined): SmallPrecision[] {
  return SMALL_PRECISIONS.filter((precision) => reports?.[precision].offered);
}

/** Throws `model_files` where a model is not offered in a precision, with the reason, and where the device cannot run it. */
export function requireOffered(
  reports: ExportReports | undefined,
  precision: Precision,
  model: string,
  device: Device = 'cpu',
): void {
  if (precision === 'int8' && device !== 'cpu') {
    const message = `${model}: int8 runs on the CPU alone, not on ${device}. Serve it in float16 or float32.`;
    throw new TrainerError('model_files', message);
  }
  if (precision === 'float32' || reports?.[precision].offered) return;
  const why = reports?.[precision].reason ?? 'It was not measured.';
  throw new TrainerError('model_files', `${model} is not offered in ${precision}. ${why} Serve it in float32.`);
}
