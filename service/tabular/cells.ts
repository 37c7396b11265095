// What a single CSV cell can be: the grammar of numbers and booleans.

/**
 * - `number`: a finite decimal number. `boolean`: true or false.
 * - `not_finite`: NaN, infinity, or a decimal number beyond the range of a double.
 * - `text`: anything else, also what looks like a number but would not survive as one (007, 20-digit identifiers).
 */
export type CellKind = 'empty' | 'number' | 'not_finite' | 'boolean' | 'text';

const DECIMAL = /^[+-]?(?:0|[1-9]\d*|(?=\.\d))(?:\.\d*)?(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i;
const [MINUS, POINT, ZERO, NINE] = [0x2d, 0x2e, 0x30, 0x39];
const BOOLEAN = /^(?:true|false)$/i;

/**
 * Whether the cell is a number of the plainest kind, such as 12 or -0.5: most cells are, and this takes a third of the time
 * of the expressions.
 */
function isPlainNumber(cell: string): boolean {
  const { length } = cell;
  if (length === 0 || length > 15) return false;
  let at = cell.charCodeAt(0) === MINUS ? 1 : 0;
  let code = cell.charCodeAt(at);
  if (code === ZERO && at + 1 < length && cell.charCodeAt(at + 1) !== POINT) return false;
  let digits = 0;
  let points = 0;
  for (; at < length; at++) {
    code = cell.charCodeAt(at);
    if (code >= ZERO && code <= NINE) digits++;
    else if (code === POINT && points === 0 && digits > 0) points++;
    else return false;
  }
  return digits > 0 && code !== POINT;
}

export function cellKind(cell: string): CellKind {
  if (isPlainNumber(cell)) return 'number';
  const text = cell.trim();
  if (text === '') return 'empty';
  if (DECIMAL.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) return 'not_finite';
    return INTEGER.test(text) && !Number.isSafeInteger(value) ? 'text' : 'number';
  }
  if (NOT_FINITE.test(text)) return 'not_finite';
  return BOOLEAN.test(text) ? 'boolean' : 'text';
}

/** The number of a cell of kind `number`. For measurements long integers are numbers too, rounded as doubles are. */
export function parseNumber(cell: string): number | undefined {
  if (isPlainNumber(cell)) return Number(cell);
  const text = cell.trim();
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Why a cell that should be a number is none, and what to write instead. */
export function notANumber(cell: string): { code: 'not_a_number' | 'not_finite'; what: string; fix: string } {
  const text = cell.trim();
  if (NOT_FINITE.test(text)) {
    return { code: 'not_finite', what: 'is not a finite number', fix: 'Leave the cell empty, or say what it means.' };
  }
  if (DECIMAL.test(text)) {
    return {
      code: 'not_finite',
      what: 'is beyond the range of a double (1.8e308)',
      fix: 'Use a larger unit, or the logarithm.',
    };
  }
  if (/^[+-]?\d+,\d+$/.test(text)) {
    return {
      code: 'not_a_number',
      what: 'is not a number',
      fix: 'Write 1.5 instead of 1,5, or import with --decimal-comma.',
    };
  }
  if (/^[+-]?\d{1,3}(?:[, '_\u00a0]\d{3})+(?:\.\d+)?$/.test(text)) {
    return {
      code: 'not_a_number',
      what: 'is not a number',
      fix: 'Leave out what separates the thousands: 12345 instead of 12,345.',
    };
  }
  if (/^[+-]?[\d.]+(?:[eE][+-]?\d+)?\s*[^\d\s.,]+$/u.test(text)) {
    return {
      code: 'not_a_number',
      what: 'is a number with a unit',
      fix: 'Write the number alone; the unit belongs to the objective (--metadata).',
    };
  }
  return { code: 'not_a_number', what: 'is not a number', fix: 'Write a decimal number such as 12, -0.5 or 3e8.' };
}

export function parseBoolean(cell: string): boolean {
  return cell.trim().toLowerCase() === 'true';
}
