// Numbers inside x and metadata as token text: sign, exponent, up to 7 significant digits, trailing zeros dropped.
import { TokenizerError } from './errors.js';
import { exponentId, MANTISSA_PLACES, MAX_EXPONENT, mantissaId, NAMED_TOKENS } from './vocabulary.js';

/**
 * 65537 is `⟨+⟩⟨E4⟩⟨m1:6⟩⟨m2:5⟩⟨m3:5⟩⟨m4:3⟩⟨m5:7⟩`, −0.25 is `⟨-⟩⟨E-1⟩⟨m1:2⟩⟨m2:5⟩`, 0 and −0 are `⟨0⟩`.
 *
 * Rounded to nearest at the 7th digit. Every finite double can be written: an exponent beyond ±30 is a sum of exponent
 * tokens, the outermost as often as it fits and then the rest if there is one, so 1e65 is `⟨+⟩⟨E30⟩⟨E30⟩⟨E5⟩⟨m1:1⟩`.
 * @throws TokenizerError NUMBER_NOT_FINITE
 */
export function inputNumberText(value: number): string {
  if (value === 0) return '⟨0⟩';
  if (!Number.isFinite(value)) {
    throw new TokenizerError('NUMBER_NOT_FINITE', `a number in x or metadata must be finite, got ${value}`);
  }
  const [mantissa, exponent] = Math.abs(value)
    .toExponential(MANTISSA_PLACES - 1)
    .split('e') as [string, string];
  let last = mantissa.length - 1;
  while (mantissa.charCodeAt(last) === DIGIT_ZERO) last -= 1;
  let text = (value < 0 ? '⟨-⟩' : '⟨+⟩') + exponentText(Number(exponent)) + digitName(mantissa, 0, 1);
  // The first digit is never 0; character 1 is the point, so that character i is the digit of place i.
  for (let index = 2; index <= last; index += 1) text += digitName(mantissa, index, index);
  return text;
}

const DIGIT_ZERO = 0x30;

const digitName = (mantissa: string, index: number, place: number): string =>
  NAMED_TOKENS[mantissaId(place, mantissa.charCodeAt(index) - DIGIT_ZERO)]!;

function exponentText(exponent: number): string {
  if (Math.abs(exponent) < MAX_EXPONENT) return NAMED_TOKENS[exponentId(exponent)]!;
  const outermost = exponent < 0 ? -MAX_EXPONENT : MAX_EXPONENT;
  const whole = Math.trunc(exponent / outermost);
  const rest = exponent - whole * outermost;
  return `⟨E${outermost}⟩`.repeat(whole) + (rest !== 0 || whole === 0 ? `⟨E${rest}⟩` : '');
}

/**
 * Reads back what `inputNumberText` wrote: the number rounded to 7 significant digits.
 * @throws TokenizerError TOKENS_INVALID
 */
export function parseInputNumber(text: string): number {
  if (text === '⟨0⟩') return 0;
  const match = /^⟨([+-])⟩((?:⟨E-?\d+⟩)+)((?:⟨m\d:\d⟩)+)$/.exec(text);
  if (match === null) {
    throw new TokenizerError('TOKENS_INVALID', `expected sign, exponents and digits of a number, got ${text}`);
  }
  const [, sign, exponents, mantissa] = match as unknown as [string, string, string, string];
  const exponent = [...exponents.matchAll(/-?\d+/g)].reduce((sum, [part]) => sum + Number(part), 0);
  const digits = [...mantissa.matchAll(/:(\d)/g)].map(([, digit]) => digit).join('');
  return Number(`${sign}${digits}e${exponent - digits.length + 1}`);
}
