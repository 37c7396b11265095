// How published text-to-number libraries answer: numbers drawn token by token from the same model, without a cache.
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import { type HostTensor, OrtSession } from '../../trainer/graph/session.js';
import { encoderGraph, type ServedModel } from '../../trainer/model/serving-graph.js';
import { relativeBuckets } from '../../trainer/model/t5.js';
import { Random } from '../../trainer/random.js';
import { uncachedDecoder } from '../trainer/model/uncached-decoder.js';

/**
 * How a prompt's samples stand to the encoder's states, which are computed once a prompt. `copied`: as published, each sample is
 * a sequence of its own with a copy of them (google-deepmind/regress-lm, `PyTorchModel.decode`). `shared`: the decoder reads
 * them once for all samples of a prompt, the best that can be done without a cache.
 */
export type States = 'copied' | 'shared';

/** As much of a codec as sampling takes. */
type Spelling = Pick<NumberCodec, 'allowedNext' | 'decode'>;

/** Queries at once: as predictions take them; copies of the states are kept within some tens of megabytes. */
const CHUNK: Readonly<Record<States, number>> = { copied: 4, shared: 16 };

/**
 * Draws a number of spellings for each prompt, only tokens that the codec allows, and gives the median of each prompt's numbers.
 * At each step the decoder runs over all tokens so far of all samples. Failures count as nothing: they are not drawn.
 */
export class SamplingPeer {
  private readonly encoder: Promise<OrtSession>;
  private readonly decoders = new Map<number, Promise<OrtSession>>();
  private readonly random = new Random(11);

  constructor(
    private readonly model: ServedModel,
    private readonly threads: number,
    private readonly samples: number,
    private readonly states: States,
  ) {
    this.encoder = OrtSession.create(encoderGraph(model), { threads });
  }

  async medians(prompts: readonly number[][], codecs: readonly Spelling[]): Promise<number[]> {
    const order = prompts.map((_, i) => i).sort((a, b) => prompts[a]!.length - prompts[b]!.length);
    const result: number[] = new Array(prompts.length);
    const size = CHUNK[this.states];
    for (let begin = 0; begin < order.length; begin += size) {
      const chunk = order.slice(begin, begin + size);
      const drawn = await this.draw(
        chunk.map((i) => prompts[i]!),
        chunk.map((i) => codecs[i]!),
      );
      chunk.forEach((i, q) => {
        const numbers = drawn[q]!.map((tokens) => codecs[i]!.decode(tokens)).sort((a, b) => a - b);
        result[i] = numbers[numbers.length >> 1]!;
      });
    }
    return result;
  }

  async release(): Promise<void> {
    const sessions = await Promise.all([this.encoder, ...this.decoders.values()]);
    await Promise.all(sessions.map((s) => s.release()));
  }

  private async draw(prompts: readonly number[][], codecs: readonly Spelling[]): Promise<number[][][]> {
    const { config } = this.model;
    const queries = prompts.length;
    const length = Math.max(...prompts.map((p) => p.length));
    const ids = new Int32Array(queries * length);
    prompts.forEach((prompt, q) => ids.set(prompt, q * length));
    const input_ids = { data: ids, dims: [queries, length] };
    const buckets = { data: relativeBuckets(length, true, config), dims: [length, length] };
    const { states } = await (await this.encoder).run({ input_ids, buckets });
    const [rows, each] = this.states === 'copied' ? [queries * this.samples, 1] : [queries, this.samples];
    const spread = (tensor: HostTensor): HostTensor => ({
      data: repeated(tensor.data as Float32Array, queries, rows / queries),
      dims: [rows, ...tensor.dims.slice(1)],
    });
    const asked = { states: spread(states!), input_ids: spread(input_ids) };
    const drawn = prompts.map(() => Array.from({ length: this.samples }, (): number[] => []));
    const tokens = config.number_token_end - config.number_token_begin;
    for (let steps = 1; ; steps++) {
      const allowed = drawn.map((ofQuery, q) => ofQuery.map((prefix) => codecs[q]!.allowedNext(prefix)));
      if (allowed.every((ofQuery) => ofQuery.every((next) => next.length === 0))) return drawn;
      const prefixes = new Int32Array(queries * this.samples * steps);
      // Finished spellings are padded, as generation does; nothing reads what follows them.
      drawn.flat().forEach((prefix, row) => prefixes.set(prefix.slice(0, steps - 1), row * steps + 1));
      const decoder = await this.decoder(steps);
      const { log_probabilities } = await decoder.run({
        ...asked,
        prefixes: { data: prefixes, dims: [rows, each, steps] },
      });
      const chances = log_probabilities!.data as Float32Array;
      drawn.forEach((ofQuery, q) => {
        ofQuery.forEach((prefix, s) => {
          const next = allowed[q]![s]!;
          if (next.length === 0) return;
          const origin = (q * this.samples + s) * tokens - config.number_token_begin;
          prefix.push(this.pick(next, (id) => Math.exp(chances[origin + id]!)));
        });
      });
    }
  }

  private pick(ids: readonly number[], weight: (id: number) => number): number {
    let left = this.random.uniform() * ids.reduce((sum, id) => sum + weight(id), 0);
    for (const id of ids) {
      left -= weight(id);
      if (left < 0) return id;
    }
    return ids.at(-1)!;
  }

  private decoder(steps: number): Promise<OrtSession> {
    let session = this.decoders.get(steps);
    if (!session) {
      session = OrtSession.create(uncachedDecoder(this.model, steps), { threads: this.threads });
      this.decoders.set(steps, session);
    }
    return session;
  }
}

/** Each of `count` equal parts several times over. */
function repeated<T extends Float32Array | Int32Array>(data: T, count: number, times: number): T {
  if (times === 1) return data;
  const size = data.length / count;
  const result = new (data.constructor as new (length: number) => T)(data.length * times);
  for (let i = 0; i < count * times; i++) {
    const from = Math.floor(i / times) * size;
    result.set(data.subarray(from, from + size), i * size);
  }
  return result;
}
