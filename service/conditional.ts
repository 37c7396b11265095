// Entity tags (RFC 9110, 8.8.3): what is read is named by its content, and neither sent nor overwritten for nothing.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from './errors.js';

/** A strong tag of a body. */
export function entityTag(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

/** Whether `If-None-Match` names the tag: the client has the answer already. Compares weakly (13.1.2). */
export function isFresh(header: string | undefined, tag: string): boolean {
  return header !== undefined && tagsIn(header).some((known) => known === '*' || known.replace(/^W\//, '') === tag);
}

/**
 * What a write expects of the record that it changes: to be the one that `If-Match` names. Undefined without that header.
 * @param present the record as it is read
 */
export function ifMatch<T>(
  { headers }: Pick<FastifyRequest, 'headers'>,
  present: (record: T) => object,
): ((current: T) => void) | undefined {
  const header = headers['if-match'];
  if (header === undefined) return undefined;
  const tags = tagsIn(header);
  return (current) => {
    const tag = entityTag(JSON.stringify(present(current)));
    if (tags.some((wanted) => wanted === '*' || wanted === tag)) return;
    const detail = `It has changed since ${header.slice(0, 100)} was read, and is ${tag} now; read it again and decide anew`;
    throw new ServiceError('precondition_failed', detail);
  };
}

function tagsIn(header: string): string[] {
  return header.match(/\*|(?:W\/)?"[^"]*"/g) ?? [];
}
