// Reads a JSON body strictly, and where it is not JSON says where, and what to write instead.
import { ServiceError } from './errors.js';
import { child } from './json-pointer.js';

/**
 * @param bytes the body, UTF-8 with or without a byte order mark
 * @throws invalid_json with line, column and the JSON pointer of the place
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ServiceError('invalid_json', 'the body is not UTF-8: encode it as UTF-8', { cause });
  }
  try {
    // Keys such as "__proto__" become plain own properties here: harmless until copied, and refused by validation.
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ServiceError('invalid_json', text.length <= MAX_EXPLAINED ? explain(text) : (error as Error).message);
  }
}

/** Of longer texts only the parser's own words are told, in characters: walking them would hold everybody up. */
const MAX_EXPLAINED = 1_000_000;
/** Nobody means to nest so deeply. */
const MAX_EXPLAINED_DEPTH = 10_000;
/** Steps of a path that are shown. */
const MAX_STEPS = 50;

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON (RFC 8259) forbids exactly these inside strings.
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b|[{}[\],:]/y;
const SPACE = /[ \t\r\n]*/y;
const NOT_FINITE = /[+-]?(?:nan|inf(?:inity)?)\b/iy;

/** Walks a text that JSON.parse refused, up to its first wrong token, keeping the path. */
function explain(text: string): string {
  const path: (string | number)[] = [];
  let at = 0;
  let depthExpectsKey = false;
  const isObject: boolean[] = [];
  let previous = '';
  for (;;) {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    at = SPACE.lastIndex;
    if (at >= text.length) return `${place(text, at, path)}: the text ends too early; close what is open`;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return `${place(text, at, path)}: ${advice(text, at)}`;
    const problem = misplaced(token, previous, isObject.at(-1), depthExpectsKey);
    if (problem !== undefined) return `${place(text, at, path)}: ${problem}`;
    if (path.length >= MAX_EXPLAINED_DEPTH) return `${place(text, at, path)}: the JSON is nested too deeply`;
    if (token === '{' || token === '[') {
      isObject.push(token === '{');
      path.push(token === '{' ? '' : 0);
      depthExpectsKey = token === '{';
    } else if (token === '}' || token === ']') {
      isObject.pop();
      path.pop();
      depthExpectsKey = false;
    } else if (token === ',') {
      const top = path.length - 1;
      if (isObject.at(-1)) depthExpectsKey = true;
      else path[top] = Number(path[top]) + 1;
    } else if (depthExpectsKey) {
      path[path.length - 1] = JSON.parse(token) as string;
      depthExpectsKey = false;
    }
    previous = token;
    at += token.length;
  }
}

/** Why `token` may not stand after `previous`, or undefined where it may. */
function misplaced(
  token: string,
  previous: string,
  inObject: boolean | undefined,
  expectsKey: boolean,
): string | undefined {
  const isValue = !/^[}\],:]$/.test(token);
  const afterValue = previous !== '' && !/^[{[,:]$/.test(previous);
  if (inObject === undefined && afterValue) return 'something follows the end of the JSON; send one value a body';
  if (isValue && afterValue)
    return previous.startsWith('"') && inObject ? 'a ":" or "," is missing' : 'a "," is missing';
  if (isValue && expectsKey && !token.startsWith('"')) return 'a key in double quotes is wanted here';
  if (token === '}' && inObject !== true) return 'a "}" without its "{"';
  if (token === ']' && inObject !== false) return 'a "]" without its "["';
  if ((token === '}' || token === ']') && (previous === ',' || previous === ':'))
    return previous === ',' ? 'a "," before the end; remove it' : 'a value is missing';
  if (token === ',' && !afterValue) return 'a value is missing before ","';
  if (token === ':' && (!inObject || !previous.startsWith('"'))) return 'a ":" out of place';
  return undefined;
}

function advice(text: string, at: number): string {
  NOT_FINITE.lastIndex = at;
  const notFinite = NOT_FINITE.exec(text)?.[0];
  if (notFinite !== undefined)
    return `JSON has no ${notFinite}. For an experiment that failed send "status": "infeasible" and no y; for an unknown parameter leave its key out`;
  const character = String.fromCodePoint(text.codePointAt(at)!);
  if (character === "'") return 'JSON knows no single quotes; use double quotes';
  if (character === '"') return 'this text is not closed, or holds a control character or a wrong escape';
  if (character === '/' || character === '#') return 'JSON knows no comments; remove it';
  if (/[-+.\d]/.test(character)) return 'this is no JSON number; write it like -12.5 or 1e-3';
  return `${JSON.stringify(character)} is not JSON`;
}

function place(text: string, at: number, path: (string | number)[]): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const pointer = path.slice(0, MAX_STEPS).reduce<string>(child, '');
  return `line ${line}, column ${column}${pointer === '' ? '' : `, at ${pointer.slice(0, 200)}`}`;
}
