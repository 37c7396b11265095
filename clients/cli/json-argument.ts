// JSON as an argument: written out, or in a file.
import { readFile } from 'node:fs/promises';
import type { JsonObject } from '../sdk/index.js';
import { unreadable } from './csv/files.js';
import { CliError } from './errors.js';

/**
 * Reads a JSON object from text that begins with "{", else from the file of this name.
 * @param option for the message, such as --metadata
 * @throws CliError usage | file_unreadable
 */
export async function jsonArgument(value: string, option: string): Promise<JsonObject> {
  const inline = value.trimStart().startsWith('{');
  let text = value;
  if (!inline) {
    try {
      text = await readFile(value, 'utf8');
    } catch (error) {
      throw unreadable(value, error);
    }
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const where = inline ? option : `${option} ${value}`;
    throw new CliError('usage', `${where} is not JSON: ${(error as Error).message}.`, 'Write a JSON object.');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  throw new CliError('usage', `${option} is JSON, but not an object.`, `Write one: '{"a": 1}'.`);
}
