// What an x or a metadata may hold: the limits and the dangers that a JSON schema cannot express.
import type { ServiceConfig } from '../config.js';
import { type FieldError, fieldError } from '../errors.js';
import { child } from '../json-pointer.js';

export type RecordLimits = Pick<ServiceConfig, 'maxParameters' | 'maxDepth' | 'maxTextLength' | 'maxRecordBytes'>;

const MAX_KEY_LENGTH = 1000;
/** Walking on behind so many would only cost time. */
const MAX_ERRORS = 10;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether the text can be written as UTF-8: half a surrogate pair can't, and would come back as something else. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** The errors of one record at `pointer`, at most ten; none means that it is within every limit. */
export function recordErrors(record: unknown, pointer: string, limits: RecordLimits): FieldError[] {
  const errors: FieldError[] = [];
  let entries = 0;

  /** False: stop. Recursion is bounded by maxDepth, so no body can overflow the stack. */
  function walk(value: unknown, at: string, depth: number): boolean {
    if (errors.length >= MAX_ERRORS) return false;
    if (typeof value === 'string') text(value, at);
    else if (typeof value === 'number') number(value, at);
    else if (typeof value === 'object' && value !== null) return container(value, at, depth);
    return true;
  }

  function text(value: string, at: string): void {
    const { maxTextLength } = limits;
    if (value.length > maxTextLength) {
      const detail = `has ${value.length} characters, ${maxTextLength} are allowed`;
      errors.push(
        fieldError(at, 'too_long', detail, 'Shorten the text: a model reads only the first few hundred words.'),
      );
    } else if (!isWellFormed(value)) {
      errors.push(
        fieldError(
          at,
          'bad_format',
          'holds half of a surrogate pair',
          'Send whole characters; cut texts between characters.',
        ),
      );
    }
  }

  function number(value: number, at: string): void {
    if (Number.isFinite(value)) return;
    errors.push(
      fieldError(
        at,
        'out_of_range',
        'is larger than a double can hold',
        'Send a number below 1.7e308, or send it as text.',
      ),
    );
  }

  function container(value: object, at: string, depth: number): boolean {
    if (depth > limits.maxDepth) {
      errors.push(fieldError(at, 'too_deep', `is nested deeper than ${limits.maxDepth} levels`, 'Flatten the record.'));
      return false;
    }
    const isArray = Array.isArray(value);
    const keys = Object.keys(value);
    entries += keys.length;
    if (entries > limits.maxParameters) {
      const detail = `holds more than ${limits.maxParameters} parameters, nested ones counted`;
      errors.push(fieldError(pointer, 'too_many', detail, 'Send those that matter, or join them into fewer texts.'));
      return false;
    }
    for (const key of keys) {
      const place = child(at, key);
      if (!isArray && !checkKey(key, at)) continue;
      // An own "__proto__" never gets here, so this reads what was sent and nothing inherited.
      if (!walk((value as Record<string, unknown>)[key], place, depth + 1)) return false;
    }
    return true;
  }

  function checkKey(key: string, at: string): boolean {
    if (key === '__proto__') {
      errors.push(
        fieldError(
          child(at, key),
          'forbidden_key',
          'is a key that could change programs that read it',
          'Rename the key.',
        ),
      );
      return false;
    }
    if (key.length > MAX_KEY_LENGTH) {
      const detail = `has a key of ${key.length} characters, ${MAX_KEY_LENGTH} are allowed`;
      errors.push(fieldError(at, 'too_long', detail, 'Shorten the key, or send it as a value.'));
      return false;
    }
    if (!isWellFormed(key)) {
      errors.push(fieldError(at, 'bad_format', 'has a key with half of a surrogate pair', 'Send whole characters.'));
      return false;
    }
    return true;
  }

  walk(record, pointer, 1);
  if (errors.length === 0) {
    const size = JSON.stringify(record).length;
    if (size > limits.maxRecordBytes) {
      const detail = `has ${size} characters as JSON, ${limits.maxRecordBytes} are allowed`;
      errors.push(fieldError(pointer, 'too_large', detail, 'Leave out what does not help to tell experiments apart.'));
    }
  }
  return errors;
}
