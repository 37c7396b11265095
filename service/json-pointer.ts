// JSON pointers (RFC 6901): how errors name a place in a body.

/** `pointer` lengthened by a key or an index. */
export function child(pointer: string, key: string | number): string {
  return `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
