// Runs the model for predictions: prompts in, exact distributions out. One session of the encoder, one of a decoder step.
import type { NumberCodec } from '../../tokenizer/number-codec.js';
import { type Device, sessionOptions } from '../devices/device.js';
import type { Distribution } from '../distribution.js';
import { type DeviceTensor, disposeAll } from '../graph/device-tensor.js';
import { type HostTensor, OrtSession, releaseAll } from '../graph/session.js';
import { descend } from '../tree-descent.js';
import type { Weights } from './parameters.js';
import { poolingGraph } from './pooling-graph.js';
import { PrefixDecoder } from './prefix-decoder.js';
import { adapterInputs, decoderGraph, encoderGraph, type Part, type ServedModel } from './serving-graph.js';
import { relativeBuckets } from './t5.js';

/**
 * Queries a descent takes at once. On the CPU few, so that what one operator writes is still in the cache when the next one
 * reads it: 256 queries took 1.01 s by 16, 1.47 s by 64. A GPU wants more to do at a time.
 */
const CHUNK: Readonly<Record<Device, number>> = { cpu: 16, webgpu: 64, cuda: 64 };
/** Prompts are padded to a multiple of this, so that queries of like length share memory plans. */
const LENGTH_STEP = 16;
/**
 * Mass below which a prefix is not looked into, by digits that are left. What a digit adds to a quantile is at most the mass
 * times the width of the prefix's interval, a tenth for each digit, so that later digits need more mass to matter. Measured in
 * docs/prediction-speed.md.
 */
const MIN_MASS = [0.05, 0.02, 2e-3];
/**
 * The same for an escape out of the frame. Below it the digits behind are not asked: few examples teach them, and what they
 * leave on exponents near 1e30 would be most of the mean and the sd.
 */
const MIN_ESCAPE_MASS = 0.5;

export class Inference {
  /** Queries that a descent takes at once. */
  readonly chunkSize: number;
  private encoder: Promise<OrtSession> | undefined;
  private decoder: Promise<OrtSession> | undefined;
  private pooling: Promise<OrtSession> | undefined;

  constructor(
    private readonly model: ServedModel,
    private readonly threads: number,
    private readonly device: Device = 'cpu',
  ) {
    this.chunkSize = CHUNK[device];
  }

  /**
   * The distribution of y for each prompt, written in the codec beside it.
   * @param adapter weights of the adapter to answer with, where the model is served with one
   * @param signal looked at between chunks: when it is aborted the promise rejects with its reason
   */
  async distributions(
    prompts: readonly number[][],
    codecs: readonly NumberCodec[],
    adapter?: Weights,
    signal?: AbortSignal,
  ): Promise<Distribution[]> {
    return this.inChunks(prompts, signal, (chunk) =>
      this.chunk(
        chunk.map((i) => prompts[i]!),
        chunk.map((i) => codecs[i]!),
        adapter,
      ),
    );
  }

  /**
   * The mean of the encoder's states over a part of each prompt, [d_model].
   * @param spans first token and the one behind the last, at least one of each prompt
   * @param adapter, signal as for `distributions`
   */
  async embeddings(
    prompts: readonly number[][],
    spans: readonly (readonly [begin: number, end: number])[],
    adapter?: Weights,
    signal?: AbortSignal,
  ): Promise<Float32Array[]> {
    const { d_model } = this.model.config;
    this.pooling ??= OrtSession.create(poolingGraph(d_model), this.sessionOptions());
    const pooling = await this.pooling;
    return this.inChunks(prompts, signal, async (chunk) => {
      const feeds = this.encoderFeeds(
        chunk.map((i) => prompts[i]!),
        adapter,
      );
      const [queries, length] = feeds.input_ids.dims as [number, number];
      const weights = new Float32Array(queries * length);
      chunk.forEach((i, at) => {
        const [begin, end] = spans[i]!;
        weights.fill(1 / (end - begin), at * length + begin, at * length + end);
      });
      const encoded = await this.encode(feeds);
      try {
        const { pooled } = await pooling.run({
          states: encoded.states!,
          weights: { data: weights, dims: [queries, length] },
        });
        return chunk.map((_, at) => (pooled!.data as Float32Array).slice(at * d_model, (at + 1) * d_model));
      } finally {
        if (this.device === 'webgpu') disposeAll(Object.values(encoded) as DeviceTensor[]);
      }
    });
  }

  async release(): Promise<void> {
    const sessions = [this.encoder, this.decoder, this.pooling];
    this.encoder = undefined;
    this.decoder = undefined;
    this.pooling = undefined;
    await releaseAll(sessions);
  }

  /** Prompts of like length stand together, so that little is padding; what `run` says of a chunk goes back to its places. */
  private async inChunks<T>(
    prompts: readonly number[][],
    signal: AbortSignal | undefined,
    run: (chunk: number[]) => Promise<T[]>,
  ): Promise<T[]> {
    const order = prompts.map((_, i) => i).sort((a, b) => prompts[a]!.length - prompts[b]!.length);
    const result: T[] = new Array(prompts.length);
    const size = this.chunkSize;
    for (let begin = 0; begin < order.length; begin += size) {
      signal?.throwIfAborted();
      const chunk = order.slice(begin, begin + size);
      const answers = await run(chunk);
      chunk.forEach((i, at) => {
        result[i] = answers[at]!;
      });
    }
    return result;
  }

  private encoderFeeds(prompts: readonly number[][], adapter: Weights | undefined) {
    const length = Math.ceil(Math.max(...prompts.map((p) => p.length)) / LENGTH_STEP) * LENGTH_STEP;
    const ids = new Int32Array(prompts.length * length);
    prompts.forEach((prompt, i) => ids.set(prompt, i * length));
    return {
      ...this.adapterFeeds('encoder', adapter),
      input_ids: { data: ids, dims: [prompts.length, length] },
      buckets: { data: relativeBuckets(length, true, this.model.config), dims: [length, length] },
    };
  }

  private async chunk(
    prompts: readonly number[][],
    codecs: readonly NumberCodec[],
    adapter: Weights | undefined,
  ): Promise<Distribution[]> {
    const { config } = this.model;
    const queries = prompts.length;
    const feeds = this.encoderFeeds(prompts, adapter);
    this.decoder ??= OrtSession.create(decoderGraph(this.model), this.sessionOptions());
    const decoder = await this.decoder;
    const { states, ...cross } = await this.encode(feeds);
    const { number_token_begin, number_token_end } = config;
    try {
      const constant = { ...this.adapterFeeds('decoder', adapter), ...cross, input_ids: feeds.input_ids };
      const prefixes = new PrefixDecoder(decoder, constant, queries, config);
      return await descend(codecs, (level) => prefixes.next(level), {
        firstToken: number_token_begin,
        tokens: number_token_end - number_token_begin,
        minMass: MIN_MASS,
        minEscapeMass: MIN_ESCAPE_MASS,
      });
    } finally {
      if (this.device === 'webgpu') disposeAll([states, ...Object.values(cross)] as DeviceTensor[]);
    }
  }

  /** The encoder's outputs; on WebGPU they stay there for all levels of the descent, and the caller disposes of them. */
  private async encode(feeds: Record<string, HostTensor>): Promise<Record<string, HostTensor | DeviceTensor>> {
    const stay = this.device === 'webgpu';
    const options = { ...this.sessionOptions(), outputs: stay ? 'device' : 'host' } as const;
    this.encoder ??= OrtSession.create(encoderGraph(this.model), options);
    const encoder = await this.encoder;
    return stay ? encoder.runResident(feeds) : encoder.run(feeds);
  }

  /** Queries and prompts come in any number and length: without plans a thousand queries take two thirds of the memory. */
  private sessionOptions() {
    return { ...sessionOptions(this.device, this.threads), memoryPattern: false };
  }

  private adapterFeeds(part: Part, adapter: Weights | undefined): Record<string, HostTensor> {
    const specs = adapterInputs(this.model, part);
    return Object.fromEntries(specs.map((s) => [s.name, { data: adapter!.get(s.name)!, dims: s.shape }]));
  }
}
