// An independent reader of canonical text, written from docs/serialization.md: the tests read back what serialize wrote.
import { parseInputNumber } from '../../tokenizer/input-number.js';
import { type JsonValue, unescapeText } from '../../tokenizer/serialize.js';

const NUMBER = /^(?:⟨0⟩|⟨[+-]⟩(?:⟨E-?\d+⟩)+(?:⟨m\d:\d⟩)+)/;
const LITERALS: [string, JsonValue][] = [
  ['⟨true⟩', true],
  ['⟨false⟩', false],
  ['⟨null⟩', null],
];

class Reader {
  constructor(public rest: string) {}

  take(token: string): boolean {
    if (!this.rest.startsWith(token)) return false;
    this.rest = this.rest.slice(token.length);
    return true;
  }

  /** Text up to the next token: an opening bracket that no backslash follows. */
  text(): string {
    const [text] = /^(?:[^⟨<]|[⟨<]\\)*/.exec(this.rest)!;
    this.rest = this.rest.slice(text.length);
    return unescapeText(text);
  }

  value(): JsonValue {
    for (const [token, literal] of LITERALS) if (this.take(token)) return literal;
    if (this.take('⟨s⟩')) {
      const text = this.text();
      if (!this.take('⟨/s⟩')) throw new Error(`string without end at ${this.rest}`);
      return text;
    }
    if (this.take('⟨array⟩')) {
      const items: JsonValue[] = [];
      while (!this.take('⟨/array⟩')) items.push(this.value());
      return items;
    }
    if (this.take('⟨object⟩')) {
      const entries: [string, JsonValue][] = [];
      while (!this.take('⟨/object⟩')) entries.push([this.text(), this.value()]);
      return Object.fromEntries(entries);
    }
    const number = NUMBER.exec(this.rest)?.[0];
    if (number === undefined) throw new Error(`no value at ${this.rest}`);
    this.take(number);
    return parseInputNumber(number);
  }
}

export function parseSerialized(text: string): JsonValue {
  const reader = new Reader(text);
  const value = reader.value();
  if (reader.rest !== '') throw new Error(`text after the value: ${reader.rest}`);
  return value;
}
