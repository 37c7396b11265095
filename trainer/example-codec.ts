// Examples in a compact binary form: what workers hand over, and what a job's folder keeps. Four bytes a token.
import type { Example } from './prompt.js';

/**
 * The examples of one episode, which share their metadata: `⟨metadata⟩ n (pieces ⟨piece⟩… ⟨x⟩ 1|0 ⟨relative⟩? ⟨absolute⟩)…`,
 * where each ⟨list⟩ is its length and its token ids.
 */
export function packEpisode(examples: readonly Example[]): Uint32Array {
  const out: number[] = [];
  const list = (ids: readonly number[]) => {
    out.push(ids.length);
    for (const id of ids) out.push(id);
  };
  list(examples[0]?.metadata ?? []);
  out.push(examples.length);
  for (const { evidence, x, relative, absolute } of examples) {
    out.push(evidence.length);
    evidence.forEach(list);
    list(x);
    out.push(relative ? 1 : 0);
    if (relative) list(relative);
    list(absolute);
  }
  return Uint32Array.from(out);
}

export function unpackEpisode(packed: Uint32Array): Example[] {
  let at = 0;
  const next = () => packed[at++]!;
  const list = () => {
    const length = next();
    at += length;
    return Array.from(packed.subarray(at - length, at));
  };
  const metadata = list();
  return Array.from({ length: next() }, (): Example => {
    const evidence = Array.from({ length: next() }, list);
    const x = list();
    const relative = next() === 1 ? { relative: list() } : undefined;
    return { evidence, metadata, x, ...relative, absolute: list() };
  });
}

/** Episodes one after the other, each behind its length. */
export function encodeWindow(episodes: readonly Uint32Array[]): Uint8Array {
  const words = new Uint32Array(episodes.reduce((sum, e) => sum + 1 + e.length, 0));
  let at = 0;
  for (const episode of episodes) {
    words[at] = episode.length;
    words.set(episode, at + 1);
    at += 1 + episode.length;
  }
  return new Uint8Array(words.buffer);
}

/** @param bytes of `encodeWindow` on a machine of the same byte order: they never leave the job's folder */
export function decodeWindow(bytes: Uint8Array): Uint32Array[] {
  const words = new Uint32Array(bytes.slice().buffer);
  const episodes: Uint32Array[] = [];
  for (let at = 0; at < words.length; at += 1 + words[at]!) episodes.push(words.subarray(at + 1, at + 1 + words[at]!));
  return episodes;
}
